"""What was posted where, in Redis: noted before a message is sent and after Slack has taken it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.timeline_store import HANDLE_LIFE_S, store_errors, text

UNDER_WAY_S = 40
"""For how long Slack may still carry out a call whose answer was lost: it is known to take half a minute."""

CLOCKS_DIFFER_S = 60.0


@dataclass(frozen=True)
class Posted:
    """A message as it was last sent. Without `ts` it was claimed, and its answer never came; without
    `content` it stands there, and nobody knows with which.

    `app` and `team` are the ones that Slack says posted it, where it says so; `redis` is the run of Redis
    that took the note.
    """

    channel: str
    ts: str = ""
    content: str = ""
    app: str = ""
    team: str = ""
    redis: str = ""


class PostedNotes:
    """The notes of every incident's messages; a message is named by its incident and its key."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def _thread(self, incident_id: str) -> str:
        return f"{self._prefix}:thread:{incident_id}"

    def _under_way(self, incident_id: str, key: str) -> str:
        return f"{self._prefix}:under-way:{incident_id}:{key}"

    async def of(self, incident_id: str) -> dict[str, Posted]:
        """The incident's messages by their keys."""
        async with store_errors():
            fields = await self._redis.hgetall(self._thread(incident_id))
        return {text(key): Posted(**json.loads(value)) for key, value in fields.items()}

    async def claim(self, incident_id: str, key: str, claim: Posted) -> None:
        """Note that a message is about to be posted."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._thread(incident_id), key, json.dumps(asdict(claim)))
            pipe.set(self._under_way(incident_id, key), 1, ex=UNDER_WAY_S)
            await pipe.execute()

    async def unclaim(self, incident_id: str, key: str) -> None:
        """Take that back: Slack has not posted it, and will not."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._thread(incident_id), key)
            pipe.delete(self._under_way(incident_id, key))
            await pipe.execute()

    async def is_under_way(self, incident_id: str, key: str) -> bool:
        """Whether a call of which nobody knows what came may still be carried out."""
        async with store_errors():
            return bool(await self._redis.exists(self._under_way(incident_id, key)))

    async def begin_edit(self, incident_id: str, key: str) -> bool:
        """Note that a message is about to be edited; false where an edit before may still be carried out."""
        async with store_errors():
            name = self._under_way(incident_id, key)
            return bool(await self._redis.set(name, 1, nx=True, ex=UNDER_WAY_S))

    async def stays_under_way(self, incident_id: str, key: str) -> None:
        """Note that what was sent just now may still be carried out."""
        async with store_errors():
            await self._redis.set(self._under_way(incident_id, key), 1, ex=UNDER_WAY_S)

    async def settle(self, incident_id: str, key: str) -> None:
        """Note that whatever was sent has been carried out by now, or never will be."""
        async with store_errors():
            await self._redis.delete(self._under_way(incident_id, key))

    async def record(self, incident_id: str, key: str, posted: Posted, *, settled: bool = True) -> None:
        """Note what Slack has taken; `settled` where no call before it may still be carried out."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._thread(incident_id), key, json.dumps(asdict(posted)))
            pipe.set(self._at(posted.channel, posted.ts), incident_id, ex=HANDLE_LIFE_S)
            if settled:
                pipe.delete(self._under_way(incident_id, key))
            await pipe.execute()

    def _at(self, channel: str, message_ts: str) -> str:
        return f"{self._prefix}:message:{channel}:{message_ts}"

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """The incident that posted this message; kept as long as the message may be clicked."""
        async with store_errors():
            found = await self._redis.get(self._at(channel, message_ts))
        return text(found) if found else None

    async def doubts(self, posted: dict[str, Posted], opened_at: datetime) -> tuple[str, bool]:
        """Whether there may be messages without a note.

        A Redis that restarted, failed over or was restored may have lost the notes of what stands there; it
        is known by its run.

        Args:
            posted: The notes of an incident.
            opened_at: When it was opened.

        Returns:
            The run of the Redis that answers, and whether the incident is older than it.
        """
        if posted:
            redis = await self.run_of_redis()
            return redis, any(each.redis != redis for each in posted.values())
        redis, since_s = await self._met_since()
        return redis, opened_at.timestamp() < since_s + CLOCKS_DIFFER_S

    async def run_of_redis(self) -> str:
        """Which run of which Redis answers."""
        async with store_errors():
            return str((await self._redis.info("server")).get("run_id", ""))

    async def _met_since(self) -> tuple[str, float]:
        """The run of Redis, and when it was met first, by its own clock; 0 where no other was met before."""
        name = f"{self._prefix}:redis-run"
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.info("server")
            pipe.get(name)
            pipe.time()
            server, noted, (now_s, _) = await pipe.execute()
            redis = str(server.get("run_id", ""))
            run, _, since_s = text(noted or b"").partition(" ")
            if run != redis:
                since_s = str(now_s) if run else "0"
                await self._redis.set(name, f"{redis} {since_s}")
        return redis, float(since_s)
