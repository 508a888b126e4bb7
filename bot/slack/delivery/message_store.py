"""Notes in Redis of what was posted where: made before a message is sent and after Slack has taken it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

import structlog
from redis.asyncio import Redis

from bot.slack.delivery.posted_messages import BEGINNING, HEADLINE, Beginning, Posted, PostedMessages
from bot.slack.delivery.rate_limiter import Claim
from bot.slack.delivery.refusal_store import Refusals, read_refused
from bot.store.errors import WHO_ELSE, store_errors, text
from bot.store.keys import HANDLE_LIFE_S, Keys
from bot.store.scripts import Script
from bot.timing import DEFAULT_TIMING, Timing

log = structlog.get_logger()


class MessageStore:
    """The notes of all incidents' messages; a message is named by its incident and its key."""

    def __init__(self, redis: Redis, prefix: str, timing: Timing = DEFAULT_TIMING) -> None:
        self._redis, self._keys, self._under_way_s = redis, Keys(prefix), timing.under_way_s
        self._read = Script(redis, "slack/messages_read")
        self._record = Script(redis, "slack/message_record")
        self._begin_anew = Script(redis, "slack/thread_begin_anew")

    async def of(self, incident_id: str) -> dict[str, Posted]:
        """Return an incident's messages by their keys."""
        async with store_errors():
            fields = await self._redis.hgetall(self._keys.thread(incident_id))
        return _by_key(fields)

    async def read(self, incident_id: str) -> PostedMessages:
        """Return an incident's messages, and what says whether some of their notes may be lost."""
        async with store_errors():
            notes, run, met_s, refused, now_s = await self._read(
                thread=self._keys.thread(incident_id),
                redis_run=self._keys.redis_run(),
                refused=self._keys.refused(),
            )
        refusals = Refusals(read_refused(_pairs(refused)), float(now_s))
        return PostedMessages(
            _by_key(_pairs(notes)), text(run), float(met_s), refusals, time.time() - float(now_s)
        )

    async def begin_anew(
        self, incident_id: str, notes: PostedMessages, why: str, mrkdwn: str, pictures: Iterable[str]
    ) -> None:
        """Put the notes of a thread aside whose headline is lost; its messages are to be posted once more.

        Args:
            incident_id: The incident.
            notes: Its notes, as they were read.
            why: The line above the new headline, escaped.
            mrkdwn: The same with a link.
            pictures: The names of the pictures and files that are to be put there once more.
        """
        number = notes.beginning.number
        # In the shape of a message's note, so that replicas that know of no beginnings pass over it.
        beginning = Posted(
            "", content=json.dumps(asdict(Beginning(number + 1, why, mrkdwn))), redis=notes.redis
        )
        async with store_errors():
            await self._begin_anew(
                thread=self._keys.thread(incident_id),
                pictures=[self._keys.picture(incident_id, each) for each in pictures],
                headline_ts=notes.posted[HEADLINE].ts,
                number=number,
                field=BEGINNING,
                beginning=_json(beginning),
            )

    def claim(self, incident_id: str, key: str, claim: Posted) -> Claim:
        """Return the claim that `RateLimiter.turn` notes: that a message is about to be posted."""
        notes, mark = self._keys.thread(incident_id), self._keys.under_way(incident_id, key)
        return Claim(notes, key, _json(claim), mark, self._under_way_s)

    async def unclaim(self, incident_id: str, key: str) -> None:
        """Take a claim back: Slack has not posted the message, and will not."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._keys.thread(incident_id), key)
            pipe.delete(self._keys.under_way(incident_id, key))
            await pipe.execute()

    async def is_under_way(self, incident_id: str, key: str) -> bool:
        """Return whether Slack may still carry out a call whose answer was lost."""
        async with store_errors():
            return bool(await self._redis.exists(self._keys.under_way(incident_id, key)))

    async def begin_edit(self, incident_id: str, key: str) -> bool:
        """Note that an edit is about to be sent; return false where one before may still be carried out."""
        async with store_errors():
            name = self._keys.under_way(incident_id, key)
            return bool(await self._redis.set(name, 1, nx=True, ex=self._under_way_s))

    async def stays_under_way(self, incident_id: str, key: str) -> None:
        """Note that Slack may still carry out the call whose answer was lost just now."""
        async with store_errors():
            await self._redis.set(self._keys.under_way(incident_id, key), 1, ex=self._under_way_s)

    async def settle(self, incident_id: str, key: str) -> None:
        """Note that no call is under way: each was carried out, or never will be."""
        async with store_errors():
            await self._redis.delete(self._keys.under_way(incident_id, key))

    async def record(self, incident_id: str, key: str, posted: Posted, *, settled: bool = True) -> None:
        """Note what Slack has taken; `settled` says that no call before may still be carried out."""
        async with store_errors():
            await self._record(
                thread=self._keys.thread(incident_id),
                place=self._keys.message(posted.channel, posted.ts),
                under_way=self._keys.under_way(incident_id, key) if settled else None,
                key=key,
                note=_json(posted),
                incident_id=incident_id,
                life_s=HANDLE_LIFE_S,
            )

    async def keep_newest(self, incident_id: str, count: int) -> None:
        """Drop the notes of all but the newest messages: nobody looks for the others any more."""
        oldest = sorted((await self.of(incident_id)).items(), key=lambda each: each[1].ts)[:-count]
        if oldest:
            async with store_errors():
                await self._redis.hdel(self._keys.thread(incident_id), *(key for key, _ in oldest))

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """Return the id of the incident that posted this message, as long as the message may be clicked."""
        async with store_errors():
            found = await self._redis.get(self._keys.message(channel, message_ts))
        return text(found) if found else None

    async def run_of_redis(self) -> str:
        """Return the id of the present run of Redis."""
        async with store_errors():
            return str((await self._redis.info("server")).get("run_id", ""))


def _pairs(flat: list[bytes]) -> dict[bytes | str, bytes | str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


_FIELDS = frozenset(each.name for each in fields(Posted))


def _by_key(noted: Mapping[bytes | str, bytes | str]) -> dict[str, Posted]:
    return {text(key): _posted(value) for key, value in noted.items()}


def _posted(note: bytes | str) -> Posted:
    """Return a note; what a newer version adds to it is passed over.

    One that cannot be read says no more than that the message may stand somewhere.
    """
    try:
        said = json.loads(note)
        return Posted(**{name: str(value) for name, value in said.items() if name in _FIELDS})
    except (ValueError, TypeError, AttributeError):
        log.error("message_note_unreadable", note=repr(note[:100]), hint=WHO_ELSE)
        return Posted(channel="")


def _json(posted: Posted) -> str:
    return json.dumps(asdict(posted))
