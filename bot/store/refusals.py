"""What was refused lately: by Slack, by the webhook, or of what stood in Redis and was not the bot's.

Any process notes refusals, and any shows them. A spell of refusals ends when something that was refused is
taken again, or after `PAUSE_S` without one.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from bot.store.errors import WrongType, store_errors, text
from bot.store.keys import Keys
from bot.store.scripts import Script
from handlers.errors import StoreDown

PAUSE_S = 900
"""Longer than the longest wait before something is tried again."""

MAX_KINDS = 200
"""How many kinds are noted: each is a series in Prometheus."""

WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,47}")

NOTE = re.compile(r"(\d{1,16}) (\d{1,12}) (\d{1,12})")


@dataclass(frozen=True)
class Refusal:
    """Refusals of one kind.

    `source` is who refused: `slack`, `webhook` (the bot refused a notification), `redis` (the bot refused
    what stood there). `since_s` and `last_s` are of Redis' clock, in seconds since 1970; `since_s` is 0 where
    the spell has ended.
    """

    source: str
    kind: str
    count: int
    since_s: int
    last_s: int


class Refusals:
    """The refusals in Redis. To note one never fails: it would hide the refusal itself."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._key = redis, Keys(prefix).refusals()
        self._note = Script(redis, "slack/refusal_note")

    async def note(self, source: str, kind: str) -> None:
        """Count a refusal.

        Args:
            source: Who refused.
            kind: A word for why, such as Slack's; what is no word counts as `other`.
        """
        what = f"{source} {kind if WORD.fullmatch(kind) else 'other'}"
        with contextlib.suppress(StoreDown):
            async with store_errors():
                await self._note(refusals=self._key, what=what, pause_s=PAUSE_S, max_kinds=MAX_KINDS)

    async def ended(self, source: str, *kinds: str) -> None:
        """End the spells of these kinds, or of all kinds: what was refused is taken again."""
        with contextlib.suppress(StoreDown):
            lasting = [each for each in await self.all() if each.source == source and each.since_s]
            ending: dict[Any, Any] = {
                f"{source} {each.kind}": f"{each.count} 0 {each.last_s}"
                for each in lasting
                if not kinds or each.kind in kinds
            }
            if ending:
                async with store_errors():
                    await self._redis.hset(self._key, mapping=ending)

    async def all(self) -> tuple[Refusal, ...]:
        """Return all refusals there were; those whose spell lasts have `since_s`.

        Raises:
            StoreDown: If Redis does not say.
        """
        try:
            async with store_errors():
                now_s, _ = await self._redis.time()
                kept = await self._redis.hgetall(self._key)
        except WrongType:
            return ()
        found = (_refusal(text(what), text(note), int(now_s)) for what, note in kept.items())
        return tuple(sorted(filter(None, found), key=lambda each: (each.source, each.kind)))


def _refusal(what: str, note: str, now_s: int) -> Refusal | None:
    source, _, kind = what.partition(" ")
    told = NOTE.fullmatch(note)
    if not told or not WORD.fullmatch(source) or not WORD.fullmatch(kind):
        return None
    count, since_s, last_s = map(int, told.groups())
    lasts = since_s <= last_s <= now_s and now_s - last_s <= PAUSE_S
    return Refusal(source, kind, count, since_s if lasts else 0, last_s)
