"""Notifications between the webhook and the worker: none is lost, whichever process dies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.stream import GROUP, Stream, StreamEntry
from handlers.domain.notification import Unreadable

MAX_DEAD_ENTRIES = 1000
"""How many alerts and notifications that could not be read are kept for a person to look at."""


@dataclass(frozen=True)
class Stored:
    """A notification as it was stored: the exact body, and the cluster that its address named."""

    entry: StreamEntry

    @property
    def body(self) -> bytes:
        """As it came."""
        return self.entry.fields[b"body"]

    @property
    def cluster(self) -> str | None:
        """The cluster in the webhook's address."""
        return self.entry.fields[b"cluster"].decode() or None


class Inbox:
    """The notifications that are stored and not yet folded into incidents."""

    def __init__(self, redis: Redis, prefix: str, consumer: str) -> None:
        keys = Keys(prefix)
        self._redis = redis
        self._stream, self._dead = Stream(redis, keys.inbox(), consumer), keys.dead()
        self.prepare = self._stream.prepare

    async def store(self, body: bytes, cluster: str | None) -> None:
        """Store a notification; it is there when this returns.

        Raises:
            StoreDown: If it is not stored.
        """
        await self._stream.add({"body": body, "cluster": cluster or ""})

    async def take(self) -> tuple[Stored, ...]:
        """New notifications, or those that another worker left behind."""
        return tuple(map(Stored, await self._stream.take()))

    async def take_until(self, ends: asyncio.Event) -> tuple[Stored, ...]:
        """The same, as soon as there are some; none where this worker is asked to end."""
        return tuple(map(Stored, await self._stream.take_until(ends)))

    async def done(self, stored: Stored, unreadable: tuple[Unreadable, ...] = ()) -> None:
        """Forget a notification that is folded in, and keep what of it could not be read: both or neither."""
        if not unreadable:
            await self._stream.forget(stored.entry)
            return
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            for each in unreadable:
                pipe.xadd(self._dead, {"body": each.raw, "why": each.why}, maxlen=MAX_DEAD_ENTRIES)
            pipe.xack(self._stream.key, GROUP, stored.entry.id)
            pipe.xdel(self._stream.key, stored.entry.id)
            await pipe.execute()

    async def bury(self, stored: Stored, why: str) -> None:
        """Keep a notification that cannot be folded in where a person can look at it."""
        async with store_errors():
            await self._redis.xadd(self._dead, {"body": stored.body, "why": why}, maxlen=MAX_DEAD_ENTRIES)
        await self.done(stored)
