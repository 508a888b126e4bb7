"""The timeline as it stands in Redis, read from outside; what was once seen is kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.store.compression import unpack
from measure.chaos.traps import until

POLL_S = 0.01
Event = dict[str, Any]


class Timeline:
    """Follows the timeline of the first incident.

    `now` is what stands in Redis; `seen` is everything that ever stood there, also what a restore took away.
    """

    def __init__(self, url: str, prefix: str) -> None:
        # Without timeouts of its own, as the bot's: they can swallow a cancellation before Python 3.12.
        self._redis = Redis.from_url(url, socket_timeout=None, retry=Retry(NoBackoff(), 0), protocol=2)
        self._prefix, self._key = prefix, ""
        self._number = f"{prefix}:incident-number"
        self.now: list[Event] = []
        self.seen: list[Event] = []
        self.incidents = 0

    async def follow(self) -> None:
        """Read on and on; while Redis is away, or holds what is no timeline, what was read last stands."""
        try:
            while True:
                try:
                    async with asyncio.timeout(2):
                        await self._read()
                except (RedisError, OSError, ValueError, LookupError):
                    await asyncio.sleep(0.1)
                await asyncio.sleep(POLL_S)
        finally:
            await self._redis.aclose()

    async def _read(self) -> None:
        if not self._key:
            found: list[Any] = await self._redis.hvals(f"{self._prefix}:open")
            opened = [each.decode() for each in found]
            first = next((each for each in opened if each.startswith("inc-1-")), None)
            if first is None:
                return
            self._key = f"{self._prefix}:timeline:{first}"
        length = await self._redis.xlen(self._key)
        if length < len(self.now):
            self.now = self.now[:length]
        added: Any = await self._redis.xrange(self._key, min=f"0-{len(self.now) + 1}")
        events = [json.loads(unpack(fields[b"event"])) for _, fields in added]
        if events:
            self.incidents = int(await self._redis.get(self._number) or 0)
        self.now += events
        self.seen += [event for event in events if event not in self.seen]

    async def until_back(self, length: int) -> None:
        """Wait until it is seen that the timeline is this short again, after a restore."""
        await until(lambda: len(self.now) <= length, 30, "the timeline did not go back", POLL_S / 2)

    def count(self, kind: str) -> int:
        """Return how many events of a kind there are."""
        return sum(event["kind"] == kind for event in self.now)

    async def until(self, kind: str, number: int = 1, *, timeout_s: float = 120.0) -> None:
        """Wait for the n-th event of a kind."""
        await until(lambda: self.count(kind) >= number, timeout_s, f"no {kind} #{number}", POLL_S / 2)

    def all(self, kind: str, *, seen: bool = False) -> list[Event]:
        """Return the events of a kind, in order."""
        return [event for event in (self.seen if seen else self.now) if event["kind"] == kind]

    def plan_of(self, confirmed: Event) -> dict[str, Any]:
        """Return the plan that a confirmation is for."""
        plan: dict[str, Any] = next(
            event["plan"]
            for event in self.all("plan_proposed", seen=True)
            if event["handle"] == confirmed["handle"]
        )
        return plan

    @property
    def how_it_ended(self) -> str:
        """`verified`, `stopped`, or empty while it has not ended."""
        confirmed = [i for i, event in enumerate(self.now) if event["kind"] == "plan_confirmed"]
        after = self.now[confirmed[-1] :] if confirmed else self.now
        ended = next((event for event in after if event["kind"] == "run_ended"), None)
        if confirmed and ended is None:
            return ""
        if ended and not ended["completed"]:
            return "stopped"
        return "verified" if any(event["kind"] == "leader_verified" for event in after) else ""
