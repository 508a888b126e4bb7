"""Notifications between the webhook and the worker: a stream with a consumer group, so none is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.redis_words import refusal
from bot.timeline_store import store_errors
from handlers.errors import StoreDown
from handlers.notification import Unreadable

GROUP = "workers"
MOST_DEAD = 1000
"""How many alerts and notifications that could not be read are kept for a person to look at."""

RETAKE_AFTER_S = 15.0
"""A notification that a worker took and did not finish for so long is taken by another."""


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
        self._stream, self._dead, self._wake = f"{prefix}:inbox", f"{prefix}:dead", f"{prefix}:wake"

    async def prepare(self) -> None:
        """Make the group, from the stream's beginning on."""
        async with store_errors():
            try:
                await self._redis.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def store(self, body: bytes, cluster: str | None) -> None:
        """Store a notification and wake the workers: one round trip, all or nothing."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.xadd(self._stream, {"body": body, "cluster": cluster or ""})
            pipe.publish(self._wake, "inbox")
            await pipe.execute()

    async def take(self) -> tuple[Stored, ...]:
        """New notifications, or those that another worker left behind."""
        try:
            return await self._take()
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise StoreDown(refusal(error)) from error
            await self.prepare()  # Redis came back empty: begin again from the stream's beginning
            return await self._take()

    async def _take(self) -> tuple[Stored, ...]:
        async with store_errors(but=ResponseError):
            fresh = await self._redis.xreadgroup(GROUP, self._consumer, {self._stream: ">"}, count=64)
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
