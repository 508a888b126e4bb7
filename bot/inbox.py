"""Notifications between the webhook and the worker: a stream with a consumer group, so none is lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.redis_words import refusal
from bot.timeline_store import store_errors
from handlers.errors import StoreDown
from handlers.notification import Unreadable

GROUP = "workers"
MOST_AT_ONCE = 32
"""How many notifications go to Redis in one write; each may be as large as `max_body_bytes`."""

MOST_DEAD = 1000
"""How many alerts and notifications that could not be read are kept for a person to look at."""

RETAKE_AFTER_S = 15.0
"""A notification that a worker took and did not finish for so long is taken by another."""

FORGET = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
"""


@dataclass(frozen=True)
class Stored:
    """A notification as it was stored: the exact body, and the cluster that its address named."""

    entry_id: str
    body: bytes
    cluster: str | None


class Inbox:
    """The stream of notifications that are stored and not yet folded into incidents."""

    def __init__(self, redis: Redis, prefix: str, consumer: str) -> None:
        self._redis, self._consumer = redis, consumer
        self._forget = redis.register_script(FORGET)
        self._stream, self._dead = f"{prefix}:inbox", f"{prefix}:dead"
        self._unwritten: list[tuple[dict[Any, Any], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Make the group, from the stream's beginning on."""
        async with store_errors():
            try:
                await self._redis.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def store(self, body: bytes, cluster: str | None) -> None:
        """Store a notification; it is there when this returns. A worker that waits for one is woken by that.

        What comes while another is being written goes with the next write: one round trip for all of it.

        Raises:
            StoreDown: If it is not stored.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unwritten.append(({"body": body, "cluster": cluster or ""}, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        while self._unwritten:
            together, self._unwritten = self._unwritten[:MOST_AT_ONCE], self._unwritten[MOST_AT_ONCE:]
            why = ""
            try:
                async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
                    for fields, _ in together:
                        pipe.xadd(self._stream, fields)
                    await pipe.execute()
            except StoreDown as error:
                why = str(error)
            for _, stored in together:
                if stored.done():  # whoever sent it has gone
                    continue
                if why:
                    stored.set_exception(StoreDown(why))
                else:
                    stored.set_result(None)

    async def take(self, wait_s: float = 0.0) -> tuple[Stored, ...]:
        """New notifications, or those that another worker left behind.

        Args:
            wait_s: How long to wait for a new one.
        """
        try:
            return await self._take(wait_s)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise StoreDown(refusal(error)) from error
            await self.prepare()  # Redis came back empty: begin again from the stream's beginning
            return await self._take(wait_s)

    async def _take(self, wait_s: float) -> tuple[Stored, ...]:
        async with store_errors(but=ResponseError):
            fresh = await self._redis.xreadgroup(
                GROUP, self._consumer, {self._stream: ">"}, count=64, block=int(wait_s * 1000) or None
            )
            entries = _first_stream(fresh)
            if not entries:
                left = await self._redis.xautoclaim(
                    self._stream, GROUP, self._consumer, int(RETAKE_AFTER_S * 1000), count=64
                )
                entries = [entry for entry in left[1] if entry and entry[0]]
        return tuple(
            Stored(entry_id.decode(), fields[b"body"], fields[b"cluster"].decode() or None)
            for entry_id, fields in entries
        )

    async def done(self, stored: Stored, unreadable: tuple[Unreadable, ...] = ()) -> None:
        """Forget a notification that is folded in, and keep what of it could not be read: both or neither."""
        if not unreadable:
            async with store_errors():
                await self._forget(keys=[self._stream], args=[GROUP, stored.entry_id])
            return
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            for each in unreadable:
                pipe.xadd(self._dead, {"body": each.raw, "why": each.why}, maxlen=MOST_DEAD)
            pipe.xack(self._stream, GROUP, stored.entry_id)
            pipe.xdel(self._stream, stored.entry_id)
            await pipe.execute()

    async def bury(self, stored: Stored, why: str) -> None:
        """Keep a notification that cannot be folded in where a person can look at it."""
        async with store_errors():
            await self._redis.xadd(self._dead, {"body": stored.body, "why": why}, maxlen=MOST_DEAD)
        await self.done(stored)


def _first_stream(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:  # noqa: ANN401  the client's own type is wider
    return list(reply[0][1]) if reply else []
