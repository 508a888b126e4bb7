"""Timelines in Redis: one stream per incident, whose entry ids are the positions in the timeline.

`append` compares the last position and adds in one script, so of two replicas that append the same
position one loses and reads again. Only commands of Redis 6.2 are used, and every key carries the same
hash tag, so the scripts run on a cluster too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from handlers.alerts import Identity
from handlers.errors import Moved, StoreDown
from handlers.events import EVENT, Event
from handlers.incident import Incident, apply

REDIS_TIMEOUT_S = 5.0
HANDLE_LIFE_S = 30 * 24 * 3600
KEPT_STATES = 256

APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local position = 0
if last[1] then position = tonumber(string.match(last[1][1], '^0%-(%d+)$')) end
if position ~= tonumber(ARGV[1]) then return 0 end
for i = 4, #ARGV do
  redis.call('XADD', KEYS[1], '0-' .. (position + i - 3), 'event', ARGV[i])
end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[2], now_us, ARGV[2])
redis.call('ZADD', KEYS[3], now_us, ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return 1
"""

CLAIM = """
local open = redis.call('HGET', KEYS[1], ARGV[1])
if open then return open end
local id = 'inc-' .. redis.call('INCR', KEYS[2])
redis.call('HSET', KEYS[1], ARGV[1], id)
return id
"""

RELEASE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], redis.call('TIME')[1], ARGV[2])
return 1
"""


@asynccontextmanager
async def store_errors(*, but: type[Exception] | tuple[()] = ()) -> AsyncIterator[None]:
    """Turn whatever the Redis client raises, `but` what the caller knows, into the one error of ours.

    Also bounds how long it may take: a Redis that is frozen is as good as down.
    """
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S):
            yield
    except but:
        raise
    except (RedisError, OSError) as error:
        raise StoreDown(f"Redis does not answer ({type(error).__name__}); nothing was accepted.") from error


def text(raw: bytes | str) -> str:
    """What Redis holds as text; the client's types say it may be either."""
    return raw if isinstance(raw, str) else raw.decode()


def _read(entries: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:  # noqa: ANN401  the client's own type is wider
    return list(entries or ())


class TimelineStore:
    """`handlers.ports.Timelines` over Redis."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._folded: dict[str, Incident] = {}
        self._append = redis.register_script(APPEND)
        self._claim = redis.register_script(CLAIM)
        self._release = redis.register_script(RELEASE)

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    async def events(self, incident_id: str) -> tuple[Event, ...]:
        """The whole timeline; empty where there is no such incident."""
        async with store_errors():
            entries = await self._redis.xrange(self._key("timeline", incident_id))
        return tuple(EVENT.validate_json(fields[b"event"]) for _, fields in _read(entries))

    async def load(self, incident_id: str) -> Incident:
        """The state after the whole timeline; only what is new since the last time is read."""
        known = self._folded.pop(incident_id, Incident(id=incident_id))
        async with store_errors():
            newer = await self._redis.xrange(
                self._key("timeline", incident_id), min=f"0-{known.position + 1}"
            )
        return self._remember(apply(known, *(EVENT.validate_json(f[b"event"]) for _, f in _read(newer))))

    def _remember(self, incident: Incident) -> Incident:
        """Keep the newest states, so that a long incident is not folded anew every second."""
        self._folded.pop(incident.id, None)
        self._folded[incident.id] = incident
        while len(self._folded) > KEPT_STATES:
            del self._folded[next(iter(self._folded))]
        return incident

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Compare and append; marks the incident due for the worker and for Slack, and wakes both."""
        async with store_errors():
            added = await self._append(
                keys=[
                    self._key("timeline", incident.id),
                    self._key("due", "steps"),
                    self._key("due", "views"),
                ],
                args=[
                    incident.position,
                    incident.id,
                    self._key("wake"),
                    *(EVENT.dump_json(event) for event in events),
                ],
            )
        if not added:
            # Ahead of Redis after a restore, or behind: either way the next load begins at the beginning.
            self._folded.pop(incident.id, None)
            raise Moved
        return self._remember(apply(incident, *events))

    async def find(self, identity: Identity) -> str | None:
        """The open incident's id."""
        async with store_errors():
            found = await self._redis.hget(self._key("open"), identity.key)
        return text(found) if found else None

    async def claim(self, identity: Identity) -> str:
        """The open incident's id, or a new one that is now taken."""
        async with store_errors():
            found: bytes = await self._claim(
                keys=[self._key("open"), self._key("incident-number")], args=[identity.key]
            )
        return found.decode()

    async def release(self, identity: Identity, incident_id: str) -> None:
        """Forget the open incident of an identity, if it is still this one."""
        async with store_errors():
            await self._release(
                keys=[self._key("open"), self._key("previous"), self._key("released")],
                args=[identity.key, incident_id],
            )

    async def open_incidents(self) -> tuple[str, ...]:
        """Ids of the open incidents, oldest claim first."""
        async with store_errors():
            ids = await self._redis.hvals(self._key("open"))
        return tuple(sorted(map(text, ids), key=lambda id_: int(id_.removeprefix("inc-"))))

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Keep a handle for longer than any incident should last."""
        async with store_errors():
            await self._redis.set(self._key("handle", handle), incident_id, ex=HANDLE_LIFE_S)

    async def incident_of(self, handle: str) -> str | None:
        """The incident that a handle was made for."""
        async with store_errors():
            found = await self._redis.get(self._key("handle", handle))
        return text(found) if found else None
