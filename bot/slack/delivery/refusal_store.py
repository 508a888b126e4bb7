"""What Slack refuses now, kept in Redis for all replicas: why, since when, and when it is tried again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from bot.slack.delivery.refusals import Refusal, mend
from bot.slack.delivery.web_api import AnswerLostError, SlackRefused
from bot.store.errors import WHO_ELSE, store_errors, text
from bot.store.keys import Keys
from bot.store.scripts import Script

log = structlog.get_logger()

TOKEN = "token"  # noqa: S105  the name of a scope
FIRST_PAUSE_S = 2.0
MAX_PAUSE_S = 300.0
MAX_SHARED_PAUSE_S = 60.0
"""Of the token and of a channel: one caller asks for all, and whoever mends it waits for it."""

MAX_PASSING_PAUSE_S = 30.0
MAX_PASSING_TIMES = 5
"""So often a failure of Slack's own stops a thread, to keep its order; then that message is passed over."""

TRIAL_S = 15.0
"""How long one caller has to find out whether a channel or the token works again."""

FORGOTTEN_AFTER_S = 3600.0
"""What nobody has tried again for so long nobody wants to show any more."""

HIDES = frozenset({Refusal.FORM, Refusal.CHANNEL, Refusal.TOKEN})
"""What cannot be shown; the others are tried or posted once more."""

POSTED_ONCE_MORE = frozenset({Refusal.UNEDITABLE, Refusal.MESSAGE_GONE})

MAX_PAUSES_S = {
    Refusal.PASSING: MAX_PASSING_PAUSE_S,
    Refusal.CHANNEL: MAX_SHARED_PAUSE_S,
    Refusal.TOKEN: MAX_SHARED_PAUSE_S,
}


@dataclass(frozen=True)
class Refused:
    """One refusal: the `field` is the note of the message that it is about; times are of Redis' clock."""

    kind: Refusal
    word: str
    field: str
    times: int
    since_s: float
    next_s: float

    @property
    def passes(self) -> bool:
        """Return whether it is most likely over with the next try."""
        return self.kind is Refusal.PASSING and self.times <= MAX_PASSING_TIMES


@dataclass(frozen=True)
class Refusals:
    """All refusals by their scopes, as they were read at `now_s`."""

    known: Mapping[str, Refused]
    now_s: float

    def wait_s(self, scope: str) -> float | None:
        """Return after how many seconds a scope is tried again, 0 if it is due, `None` if it is unknown."""
        found = self.known.get(scope)
        if found is None:
            return None
        wait_s = found.next_s - self.now_s
        # A much longer wait than any shows that the clock of Redis was set back.
        return wait_s if 0 < wait_s <= 2 * MAX_PAUSE_S else 0.0


def of_channel(channel: str) -> str:
    """Return the scope of a channel."""
    return f"channel/{channel}"


def of_message(incident_id: str, key: str) -> str:
    """Return the scope of a message."""
    return f"message/{incident_id}/{key}"


class RefusalStore:
    """The refusals of all incidents; a scope is the token, a channel or a message."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._name = redis, Keys(prefix).refused()
        self._note = Script(redis, "slack/message_refusal_note")
        self._probe = Script(redis, "slack/refusal_probe")

    async def note(
        self,
        scope: str,
        error: SlackRefused | AnswerLostError,
        kind: Refusal,
        field: str = "",
        before: int | None = None,
    ) -> Refused:
        """Note a refusal, and log it where it is new.

        Args:
            scope: What is refused.
            error: Slack's answer.
            kind: What the answer means here.
            field: Which of a message's notes it is about.
            before: How often it was refused before, where that is known otherwise.
        """
        async with store_errors():
            noted = await self._note(
                refused=self._name,
                scope=scope,
                kind=kind.value,
                word=error.word,
                field=field,
                before=-1 if before is None else before,
                first_s=FIRST_PAUSE_S,
                max_s=MAX_PAUSES_S.get(kind, MAX_PAUSE_S),
            )
        refused = _read(noted)
        if refused.times == 1 and kind in HIDES:
            log.error("slack_refuses", what=scope, kind=kind.value, error=str(error))
        elif kind in POSTED_ONCE_MORE:
            log.warning("posted_once_more", what=scope, kind=kind.value, error=str(error))
        return refused

    async def probe(self, scope: str) -> float:
        """Return 0 where the caller may try the scope, the others not meanwhile; else the wait in seconds."""
        async with store_errors():
            return float(await self._probe(refused=self._name, scope=scope, trial_s=TRIAL_S))

    async def forget(self, *scopes: str) -> None:
        """Forget refusals: Slack has taken what it had refused."""
        async with store_errors():
            await self._redis.hdel(self._name, *scopes)

    async def hiding(self) -> dict[str, Refused]:
        """Return what cannot be shown, by scope; forget what nobody tries any more."""
        async with store_errors():
            known = read_refused(await self._redis.hgetall(self._name))
            now_s = await self._now_s()
        before_s = now_s - FORGOTTEN_AFTER_S
        old = [scope for scope, each in known.items() if max(each.next_s, each.since_s) < before_s]
        if old:
            await self.forget(*old)
        return {scope: each for scope, each in known.items() if each.kind in HIDES and scope not in old}

    async def _now_s(self) -> float:
        seconds, micros = await self._redis.time()
        return float(seconds + micros / 1_000_000)


def read_refused(fields: Mapping[bytes | str, bytes | str]) -> dict[str, Refused]:
    """Return the refusals that a hash holds, by scope; one that cannot be read is none."""
    found: dict[str, Refused] = {}
    for scope, value in fields.items():
        try:
            found[text(scope)] = _read(value)
        except (ValueError, TypeError, KeyError) as error:
            log.error("refusal_unreadable", what=repr(scope[:100]), error=str(error), hint=WHO_ELSE)
    return found


def _read(value: bytes | str) -> Refused:
    said = json.loads(value)
    return Refused(
        Refusal(said["kind"]),
        said["word"],
        said["field"],
        int(said["times"]),
        float(said["since_s"]),
        float(said["next_s"]),
    )


def sentence(scope: str, refused: Refused) -> str:
    """Return one sentence about what cannot be shown, and how it is mended."""
    what, _, which = scope.partition("/")
    if what == TOKEN:
        said = "Slack takes nothing from this app"
    elif what == "channel":
        said = f"Slack takes no message in {which}"
    else:
        incident_id, _, key = which.partition("/")
        said = f"Slack does not take the message {key} of {incident_id}"
    return f"{said} ({refused.word}): {mend(refused.word)}."
