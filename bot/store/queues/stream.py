"""Entries that wait in Redis until a process is done with them: a stream with a consumer group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.clock import unless
from bot.store.errors import NOT_REPLICATED, REPLICAS_WITHIN_MS, NoGroup, store_errors
from bot.store.scripts import Script
from bot.timing import DEFAULT_TIMING, Timing
from bot.tracing import UNTRACED, Tracing
from handlers.errors import StoreDown

GROUP = "workers"
MAX_ENTRIES_A_WRITE = 32
ONCE_FOR_S = 600
"""For how long a second entry under the same name is not added."""

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
    added: asyncio.Future[bool]


class Stream:
    """One stream, written and read by any number of processes; a `bot.store.queues.consumer.Source`."""

    def __init__(
        self,
        redis: Redis,
        key: str,
        consumer: str,
        timing: Timing = DEFAULT_TIMING,
        *,
        wait_for_replicas: int = 0,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._redis, self.key, self._consumer, self._timing = redis, key, consumer, timing
        self._tracing = tracing
        self._replicas = wait_for_replicas
        self._add_once = Script(redis, "stream_add_once")
        self._forget = Script(redis, "stream_forget")
        self._claims_at_s, self._claims_from = 0.0, b"0-0"
        self._unwritten: list[_Unwritten] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, fields: Fields, *, once: str | None = None) -> bool:
        """Add an entry; it is stored when this returns, and wakes a process that waits for one.

        Group commit: what is added while a write is on its way goes with the next one, in one round trip.

        Args:
            fields: The entry.
            once: A key that stands for it: under one key only the first is added within `ONCE_FOR_S`.

        Returns:
            Whether it was added.

        Raises:
            StoreDown: If it may not be stored, or not by as many replicas as are waited for.
        """
        with self._tracing.sent(self.key) as beside:
            new = _Unwritten({**fields, **beside}, once, asyncio.get_running_loop().create_future())
            self._unwritten.append(new)
            if self._writer is None or self._writer.done():
                self._writer = asyncio.create_task(self._write_all())
            return await new.added

    async def _write_all(self) -> None:
        while batch := self._unwritten[:MAX_ENTRIES_A_WRITE]:
            del self._unwritten[: len(batch)]
            try:
                outcomes: list[Any] = await self._write(batch)
            except StoreDown as error:
                outcomes = [StoreDown(str(error)) for _ in batch]
            for each, outcome in zip(batch, outcomes, strict=True):
                if each.added.done():  # whoever sent it has gone
                    continue
                if isinstance(outcome, StoreDown):
                    each.added.set_exception(outcome)
                else:
                    each.added.set_result(bool(outcome))

    async def _write(self, batch: list[_Unwritten]) -> list[Any]:
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            for each in batch:
                if each.once is None:
                    fields: dict[Any, Any] = {**each.fields}
                    pipe.xadd(self.key, fields)
                else:
                    flat = [part for pair in each.fields.items() for part in pair]
                    self._add_once.eval_on(
                        pipe, stream=self.key, name=each.once, life_s=ONCE_FOR_S, fields=flat
                    )
            if self._replicas:
                pipe.wait(self._replicas, REPLICAS_WITHIN_MS)  # of the same connection's writes
            outcomes = await pipe.execute()
            if self._replicas and outcomes.pop() < self._replicas:
                raise StoreDown(NOT_REPLICATED)
        return outcomes

    async def take(self, ends: asyncio.Event, at_most: int) -> tuple[StreamEntry, ...]:
        """Return entries as they come; nothing after `Timing.poll_s`, or once `ends` is set."""
        return await unless(ends, self.take_now(at_most, wait_s=self._timing.poll_s)) or ()

    async def take_now(self, at_most: int = 64, *, wait_s: float = 0.0) -> tuple[StreamEntry, ...]:
        """Return new entries, or those that another process took and left; wait so long for a new one."""
        try:
            return await self._take(at_most, wait_s)
        except NoGroup:
            await self._make_group()  # the first time, or Redis came back empty
            return await self._take(at_most, wait_s)

    async def _take(self, at_most: int, wait_s: float) -> tuple[StreamEntry, ...]:
        async with store_errors():
            entries = await self._left_behind(at_most)
            if not entries:
                reply: Any = await self._redis.xreadgroup(
                    GROUP, self._consumer, {self.key: ">"}, count=at_most, block=int(wait_s * 1000) or None
                )
                entries = list(reply[0][1]) if reply else []
        return tuple(StreamEntry(entry_id.decode(), fields) for entry_id, fields in entries)

    async def _left_behind(self, at_most: int) -> list[Any]:
        """Claim what a process took and left, once in `Timing.poll_s`, however much that is new keeps coming.

        Each look goes on where the last one ended: Redis looks through ten times `at_most` entries at a time.
        """
        if time.monotonic() < self._claims_at_s:
            return []
        idle_ms = int(self._timing.lease_s * 1000)
        answer: Any = await self._redis.xautoclaim(
            self.key, GROUP, self._consumer, idle_ms, start_id=self._claims_from, count=at_most
        )
        self._claims_from, self._claims_at_s = answer[0], time.monotonic() + self._timing.poll_s
        return [entry for entry in answer[1] if entry and entry[0]]  # the rest were deleted meanwhile

    async def _make_group(self) -> None:
        async with store_errors():
            try:
                await self._redis.xgroup_create(self.key, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):  # another process was faster
                    raise

    async def renew(self, entry: StreamEntry) -> None:
        """Extend the lease of an entry."""
        async with store_errors():
            await self._redis.xclaim(self.key, GROUP, self._consumer, 0, [entry.id], justid=True)

    async def release(self, entry: StreamEntry, again_in_s: float | None) -> None:
        """Forget an entry that is done; any other is taken again once its lease has run out."""
        if again_in_s is None:
            async with store_errors():
                await self._forget(stream=self.key, group=GROUP, entry_id=entry.id)
