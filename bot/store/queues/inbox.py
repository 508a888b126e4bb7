"""Notifications between the webhook and the worker: none is lost, whichever process dies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.queues.stream import GROUP, Stream, StreamEntry
from bot.store.signer import Signer
from bot.timing import DEFAULT_TIMING, Timing
from bot.tracing import UNTRACED, Tracing

SEAL_USE = b"neumann-bot notification of Alertmanager, version 1"

MAX_DEAD_BYTES = 65_536
"""How much is kept of an entry that the bot has not written."""

MAX_DEAD_ENTRIES = 1000
"""How many alerts and notifications that could not be read are kept for a person to look at."""


@dataclass(frozen=True)
class StoredNotification:
    """A notification as it was stored: the exact body, and the cluster that its address named."""

    body: bytes
    cluster: str | None


class Inbox:
    """The notifications that are stored and not yet folded into incidents: `stream` gives them out."""

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        consumer: str,
        seal: Signer,
        timing: Timing = DEFAULT_TIMING,
        *,
        wait_for_replicas: int = 0,
        tracing: Tracing = UNTRACED,
    ) -> None:
        keys = Keys(prefix)
        self._redis, self._dead, self._seal = redis, keys.dead(), seal
        self.stream = Stream(
            redis, keys.inbox(), consumer, timing, wait_for_replicas=wait_for_replicas, tracing=tracing
        )

    async def store(self, body: bytes, cluster: str | None) -> None:
        """Store a notification; it is there when this returns.

        Raises:
            StoreDown: If it may not be stored.
        """
        named = (cluster or "").encode()
        await self.stream.add({"body": body, "cluster": named, "seal": self._seal.make(body, named)})

    def opened(self, entry: StreamEntry) -> StoredNotification | None:
        """Return a stored notification; `None` where no bot with these keys has stored it."""
        body, cluster = entry.fields.get(b"body", b""), entry.fields.get(b"cluster", b"")
        if not self._seal.holds(entry.fields.get(b"seal", b""), body, cluster):
            return None
        return StoredNotification(body, cluster.decode() or None)

    async def bury(self, entry: StreamEntry) -> None:
        """Keep an entry that no bot with these keys has stored, as far as it goes, and forget it."""
        raw = entry.fields.get(b"body") or repr(dict(entry.fields)).encode()
        await self.put_aside(entry, [(raw[:MAX_DEAD_BYTES], "no bot with these keys has stored it")])

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
