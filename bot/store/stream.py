"""What waits in Redis until a process is done with it: a stream with a consumer group, so nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from bot.store.errors import refusal, store_errors
from bot.store.wakeup_channel import NAP_S
from handlers.errors import StoreDown

GROUP = "workers"
MAX_ENTRIES_AT_ONCE = 32
"""How many entries go to Redis in one write."""

RETAKE_AFTER_S = 15.0
"""An entry that a process took and neither finished nor renewed for so long is taken by another."""

ONCE_FOR_S = 600
"""For how long a name stands for what came under it."""

ADD_ONCE = """
if not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
return 1
"""

FORGET = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
"""


Fields = Mapping[str, bytes | str]


@dataclass(frozen=True)
class StreamEntry:
    """One entry that this process has taken."""

    id: str
    fields: Mapping[bytes, bytes]


@dataclass(frozen=True)
class _Unwritten:
    fields: Fields
    once: str | None
    written: asyncio.Future[bool]


class Stream:
    """One stream, written and read by any number of processes."""

    def __init__(self, redis: Redis, key: str, consumer: str) -> None:
        self._redis, self.key, self._consumer = redis, key, consumer
        self._forget = redis.register_script(FORGET)
        self._unwritten: list[_Unwritten] = []
        self._is_writing = False

    async def prepare(self) -> None:
        """Make the group, from the stream's beginning on."""
        async with store_errors():
            try:
                await self._redis.xgroup_create(self.key, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def add(self, fields: Fields, *, once: str | None = None) -> bool:
        """Add an entry; it is there when this returns. A process that waits for one is woken by that.

        What comes while another is being written goes with the next write: one round trip for all of it.

        Args:
            fields: The entry.
            once: A key that stands for it: under one key only the first is added within ten minutes.

        Returns:
            Whether it was added.

        Raises:
            StoreDown: If it may not be there.
        """
        new = _Unwritten(fields, once, asyncio.get_running_loop().create_future())
        self._unwritten.append(new)
        if not self._is_writing:
            await self._write()
        return await new.written

    async def _write(self) -> None:
        """Whoever comes first writes its own, and leaves what came meanwhile to a task: it need not wait."""
        together, self._unwritten = (
            self._unwritten[:MAX_ENTRIES_AT_ONCE],
            self._unwritten[MAX_ENTRIES_AT_ONCE:],
        )
        self._is_writing = True
        try:
            async with store_errors():
                if len(together) == 1:
                    added = [await self._queue(self._redis, together[0])]
                else:
                    async with self._redis.pipeline(transaction=False) as pipe:
                        for each in together:
                            self._queue(pipe, each)
                        added = await pipe.execute()
            _tell(together, added)
        except StoreDown as error:
            _tell(together, [StoreDown(str(error)) for _ in together])
        finally:
            self._is_writing = False
            if self._unwritten:
                self._rest = asyncio.create_task(self._write())

    def _queue(self, client: Redis | Pipeline, new: _Unwritten) -> Any:  # noqa: ANN401  an answer, or a promise of one
        if new.once is None:
            fields: dict[Any, Any] = dict(new.fields)
            return client.xadd(self.key, fields)
        flat = [part for pair in new.fields.items() for part in pair]
        return client.eval(ADD_ONCE, 2, self.key, new.once, str(ONCE_FOR_S), *flat)

    async def take(self, wait_s: float = 0.0, *, count: int = 64) -> tuple[StreamEntry, ...]:
        """New entries, or those that another process left behind.

        Args:
            wait_s: How long to wait for a new one.
            count: How many at most.
        """
        try:
            return await self._take(wait_s, count)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise StoreDown(refusal(error)) from error
            await self.prepare()  # Redis came back empty: begin again from the stream's beginning
            return await self._take(wait_s, count)

    async def take_until(self, ends: asyncio.Event, *, count: int = 64) -> tuple[StreamEntry, ...]:
        """What is there or comes within a nap, as soon as it comes; nothing where this process is to end."""
        if ends.is_set():
            return ()
        coming = asyncio.create_task(self.take(NAP_S, count=count))
        ending = asyncio.create_task(ends.wait())
        try:
            await asyncio.wait((coming, ending), return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else ()
        finally:
            coming.cancel()
            ending.cancel()
            await asyncio.gather(coming, ending, return_exceptions=True)

    async def _take(self, wait_s: float, count: int) -> tuple[StreamEntry, ...]:
        async with store_errors(but=ResponseError):
            fresh = await self._redis.xreadgroup(
                GROUP, self._consumer, {self.key: ">"}, count=count, block=int(wait_s * 1000) or None
            )
            entries = _first_stream(fresh)
            if not entries:
                left = await self._redis.xautoclaim(
                    self.key, GROUP, self._consumer, int(RETAKE_AFTER_S * 1000), count=count
                )
                entries = [entry for entry in left[1] if entry and entry[0]]
        return tuple(StreamEntry(entry_id.decode(), fields) for entry_id, fields in entries)

    async def renew(self, entry: StreamEntry) -> None:
        """Say that it is still being worked on."""
        async with store_errors():
            await self._redis.xclaim(self.key, GROUP, self._consumer, 0, [entry.id], justid=True)

    async def forget(self, entry: StreamEntry) -> None:
        """It is done."""
        async with store_errors():
            await self._forget(keys=[self.key], args=[GROUP, entry.id])


def _tell(together: list[_Unwritten], outcomes: list[Any]) -> None:
    for each, outcome in zip(together, outcomes, strict=True):
        if each.written.done():  # whoever sent it has gone
            continue
        if isinstance(outcome, StoreDown):
            each.written.set_exception(outcome)
        else:
            each.written.set_result(bool(outcome))


def _first_stream(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:  # noqa: ANN401  the client's own type is wider
    return list(reply[0][1]) if reply else []
