"""Notifications between the webhook and the worker: none is lost, whichever process dies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.stream import GROUP, Stream, StreamEntry
from bot.timing import DEFAULT_TIMING, Timing

MAX_DEAD_ENTRIES = 1000
"""How many alerts and notifications that could not be read are kept for a person to look at."""


@dataclass(frozen=True)
class StoredNotification:
    """A notification as it was stored: the exact body, and the cluster that its address named."""

    body: bytes
    cluster: str | None

    @classmethod
    def of(cls, entry: StreamEntry) -> StoredNotification:
        """Read an entry of the inbox."""
        return cls(entry.fields[b"body"], entry.fields[b"cluster"].decode() or None)


class Inbox:
    """The notifications that are stored and not yet folded into incidents: `stream` gives them out."""

    def __init__(self, redis: Redis, prefix: str, consumer: str, timing: Timing = DEFAULT_TIMING) -> None:
        keys = Keys(prefix)
        self._redis, self._dead = redis, keys.dead()
        self.stream = Stream(redis, keys.inbox(), consumer, timing)

    async def store(self, body: bytes, cluster: str | None) -> None:
        """Store a notification; it is there when this returns.

        Raises:
            StoreDown: If it may not be stored.
        """
        await self.stream.add({"body": body, "cluster": cluster or ""})

    async def put_aside(self, entry: StreamEntry, unreadable: Iterable[tuple[bytes | str, str]]) -> None:
        """Keep what nobody can read for a person to look at, and forget the notification: both or neither.

        Args:
            entry: The notification.
            unreadable: What of it could not be read, each with the reason.
        """
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            for raw, why in unreadable:
                pipe.xadd(self._dead, {"body": raw, "why": why}, maxlen=MAX_DEAD_ENTRIES)
            pipe.xack(self.stream.key, GROUP, entry.id)
            pipe.xdel(self.stream.key, entry.id)
            await pipe.execute()
