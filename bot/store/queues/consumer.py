"""Takes work from Redis, holds it while it is done, and gives it back: for streams and due queues alike."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

import structlog

from bot.clock import unless, wait_for
from bot.store.queues.due_queue import DueQueue, NotDue, Taken
from bot.timing import Timing
from handlers.errors import StoreDown

log = structlog.get_logger()

Item = TypeVar("Item")


class Source(Protocol[Item]):
    """Gives out work under leases, which run out unless they are renewed."""

    async def take(self, ends: asyncio.Event, at_most: int) -> Sequence[Item]:
        """Return work as soon as there is some; nothing after `Timing.poll_s`, or once `ends` is set."""

    async def renew(self, item: Item) -> object:
        """Extend a lease."""

    async def release(self, item: Item, again_in_s: float | None) -> None:
        """Give work back, to be done again after so many seconds; `None` where it is done."""


class DueSource:
    """A due queue as a source of work; looks into it when woken, when something is due, and on each poll."""

    def __init__(
        self,
        queue: DueQueue,
        alarm: asyncio.Event,
        timing: Timing,
        left_to_others: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._queue, self._alarm, self._poll_s = queue, alarm, timing.poll_s
        self._left_to_others = left_to_others
        self.renew, self.release = queue.renew, queue.release

    async def take(self, ends: asyncio.Event, at_most: int) -> Sequence[Taken]:
        """See `Source`; takes one at a time."""
        self._alarm.clear()
        found = await self._queue.take(self._left_to_others())
        if not isinstance(found, NotDue):
            return (found,)
        sleep_s = self._poll_s if found.after_s is None else min(found.after_s, self._poll_s)
        await unless(ends, wait_for(self._alarm, sleep_s))
        return ()


class Consumer(Generic[Item]):
    """A loop over one source that any number of processes may run."""

    def __init__(
        self,
        source: Source[Item],
        do: Callable[[Item], Awaitable[float | None]],
        *,
        at_once: int,
        timing: Timing,
    ) -> None:
        """Make a consumer.

        Args:
            source: Where work is taken from.
            do: Does it; returns in how many seconds it is to be done again, `None` where it is done.
            at_once: How many this process holds at the same time.
            timing: How long a lease and the pauses are.
        """
        self._source, self._do, self._at_once, self._timing = source, do, at_once, timing
        self._held: set[asyncio.Task[None]] = set()
        self._ends, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._got_on_at_s = 0.0

    async def run(self) -> None:
        """Work until cancelled, or until `drain` is called and all that is held is done."""
        self._got_on_at_s = time.monotonic()
        self._idle.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._ends.is_set():
                    for item in await self._take():
                        task = tasks.create_task(self._hold(item))
                        self._held.add(task)
                        task.add_done_callback(self._held.discard)
        finally:
            self._idle.set()

    async def drain(self, within_s: float) -> None:
        """Take nothing new, and wait until all that is held is done, but no longer than this."""
        self._ends.set()
        await wait_for(self._idle, within_s)

    def standstill_s(self) -> float:
        """Return for how long it has neither looked for work nor, holding all it may, finished any.

        It is 0 where it does not run.
        """
        return 0.0 if self._idle.is_set() else time.monotonic() - self._got_on_at_s

    async def _take(self) -> Sequence[Item]:
        if len(self._held) >= self._at_once:
            await asyncio.wait(self._held, return_when=asyncio.FIRST_COMPLETED)
        self._got_on_at_s = time.monotonic()
        try:
            return await self._source.take(self._ends, self._at_once - len(self._held))
        except StoreDown as error:
            log.warning("redis_down", error=str(error))
            await unless(self._ends, asyncio.sleep(self._timing.after_failure_s))
        except Exception:
            log.exception("nothing_taken")  # what this reads in Redis ends no loop
            await unless(self._ends, asyncio.sleep(self._timing.after_error_s))
        return ()

    async def _hold(self, item: Item) -> None:
        again_in_s: float | None = 0.0  # where it is cancelled: another process need not wait for the lease
        try:
            async with self._renewed(item):
                again_in_s = await self._try(item)
        finally:
            try:
                await self._source.release(item, again_in_s)
            except Exception as error:
                log.warning("lease_runs_out_by_itself", error=str(error))

    async def _try(self, item: Item) -> float | None:
        try:
            return await self._do(item)
        except StoreDown as error:
            log.warning("will_try_again", error=str(error))
            return self._timing.after_failure_s
        except Exception:
            log.exception("step_failed")
            return self._timing.after_error_s

    @asynccontextmanager
    async def _renewed(self, item: Item) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(item))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _renew(self, item: Item) -> None:
        while True:
            await asyncio.sleep(self._timing.lease_s / 3)
            with contextlib.suppress(Exception):
                await self._source.renew(item)
