"""Queues of what is due: a sorted set by time, taken under a lease that the holder renews.

Times come from Redis' own clock, so replicas need not agree on the time. Marking twice is marking once;
what is marked while it is held stays due, and is taken again after the release.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from bot.store.errors import WHO_ELSE, store_errors
from bot.store.keys import Keys
from bot.store.refusals import Refusals
from bot.store.scripts import Script
from bot.timing import DEFAULT_TIMING, Timing

log = structlog.get_logger()

ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
"""Of an incident or a periodic job."""


OF_INCIDENTS = ("steps", "views", "pages")
"""The queues that hold incidents."""

QUEUES = (*OF_INCIDENTS, "chores")


@dataclass(frozen=True)
class Taken:
    """A due incident or periodic job that this process holds for now."""

    id: str
    token: str
    score: str


@dataclass(frozen=True)
class NotDue:
    """Nothing can be taken. The next one is due after so many seconds; `None` where nothing is planned."""

    after_s: float | None


class DueQueue:
    """One queue: what is due when, and who holds which."""

    def __init__(self, redis: Redis, prefix: str, name: str, timing: Timing = DEFAULT_TIMING) -> None:
        keys = Keys(prefix)
        self._waiting = keys.unshown() if name == "views" else None
        self.name, self._due, self._leases, self._wake = name, keys.due(name), keys.leases(name), keys.wake()
        self._redis, self._refusals = redis, Refusals(redis, prefix)
        self._lease_us = _us(timing.lease_s)
        self._take = Script(redis, "due_take")
        self._renew = Script(redis, "due_renew")
        self._release = Script(redis, "due_release")
        self._mark = Script(redis, "due_mark")

    async def take(self, but: Iterable[str] = ()) -> Taken | NotDue:
        """Lease what has been due for longest.

        Args:
            but: Ids that are left for other replicas to take.
        """
        token, others = secrets.token_hex(8), [*but]
        while True:
            async with store_errors():
                found, score, *later_us = await self._take(
                    due=self._due, leases=self._leases, lease_us=self._lease_us, token=token, others=others
                )
            if found is None:
                return NotDue(float(later_us[0]) / 1_000_000 if later_us[0] else None)
            if ID.fullmatch(found):
                return Taken(found.decode(), token, score.decode())
            await self._bury(found)

    async def _bury(self, foreign: bytes) -> None:
        """Take out what can be the name of no incident and no job."""
        log.error("due_entry_not_ours", queue=self.name, entry=repr(foreign[:100]), hint=WHO_ELSE)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(self._due, foreign)
            pipe.hdel(self._leases, foreign)
            await pipe.execute()
        await self._refusals.note("redis", f"due_{self.name}")

    async def renew(self, taken: Taken) -> bool:
        """Extend a lease; return false where somebody else has it by now."""
        async with store_errors():
            held = await self._renew(
                leases=self._leases, id=taken.id, lease_us=self._lease_us, token=taken.token
            )
        return bool(held)

    async def release(self, taken: Taken, due_again_in_s: float | None) -> None:
        """Give a lease back; it is due again then, unless something has marked it as due since.

        Where the lease had run out it is due now: what was done without it may have undone newer work.
        """
        async with store_errors():
            await self._release(
                due=self._due,
                leases=self._leases,
                waiting=self._waiting,
                id=taken.id,
                token=taken.token,
                score=taken.score,
                again_us=-1 if due_again_in_s is None else _us(max(due_again_in_s, 0)),
                wake=self._wake,
                hint=self.name,
            )

    async def mark(self, *ids: str) -> None:
        """Make ids due now."""
        if ids:
            async with store_errors():
                await self._mark(due=self._due, wake=self._wake, hint=self.name, ids=ids)


class Queues:
    """All due queues: steps, redraws and pages of incidents, and the periodic jobs."""

    def __init__(self, redis: Redis, prefix: str, timing: Timing = DEFAULT_TIMING) -> None:
        self.steps = DueQueue(redis, prefix, "steps", timing)
        self.views = DueQueue(redis, prefix, "views", timing)
        self.pages = DueQueue(redis, prefix, "pages", timing)
        self.chores = DueQueue(redis, prefix, "chores", timing)


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)
