"""The short-lived handles Slack gives an app: trigger ids, response URLs, tickets for a socket."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.slack.limit_table import RESPONSE_URL_LIFE_S, RESPONSE_URL_USES, TRIGGER_LIFE_S
from lab.slack.refusal import SlackRefusalError


@dataclass(frozen=True)
class Trigger:
    """What a trigger id stands for: whose click, when, and whether it came from inside a modal."""

    user_id: str
    issued_monotonic_s: float
    from_view_id: str | None = None


class TriggerIds:
    """Trigger ids: each opens one view, within three seconds."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, life_s: float = TRIGGER_LIFE_S
    ) -> None:
        self._monotonic = monotonic
        self._life_s = life_s
        self._issued: dict[str, Trigger] = {}
        self._spent: set[str] = set()
        self._numbers = itertools.count(1)

    def issue(self, user_id: str, from_view_id: str | None = None) -> str:
        """Return a new trigger id for something this user just did."""
        trigger_id = f"{next(self._numbers)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user_id, self._monotonic(), from_view_id)
        return trigger_id

    def spend(self, trigger_id: object) -> Trigger:
        """Use a trigger id up; raises `SlackRefusalError` when unknown, used, or too old."""
        trigger = self._issued.get(str(trigger_id))
        if trigger is None:
            raise SlackRefusalError("invalid_trigger_id")
        if trigger_id in self._spent:
            raise SlackRefusalError("exchanged_trigger_id")
        if self._monotonic() - trigger.issued_monotonic_s > self._life_s:
            raise SlackRefusalError("expired_trigger_id")
        self._spent.add(str(trigger_id))
        return trigger


@dataclass(frozen=True)
class ResponseTarget:
    """Where a response URL writes to: a channel, for one person, from one message if there was one."""

    channel_id: str
    user_id: str
    source_ts: str | None
    issued_monotonic_s: float
    uses: int = 0


class ResponseUrls:
    """Response URLs: five uses within thirty minutes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._targets: dict[str, ResponseTarget] = {}

    def issue(self, channel_id: str, user_id: str, source_ts: str | None = None) -> str:
        """Return the last part of a new response URL."""
        token = secrets.token_urlsafe(24)
        self._targets[token] = ResponseTarget(channel_id, user_id, source_ts, self._monotonic())
        return token

    def use(self, token: str) -> ResponseTarget:
        """Count one use; raises `SlackRefusalError` when unknown, too old, or used up."""
        target = self._targets.get(token)
        if target is None or self._monotonic() - target.issued_monotonic_s > RESPONSE_URL_LIFE_S:
            raise SlackRefusalError("expired_url")
        if target.uses >= RESPONSE_URL_USES:
            raise SlackRefusalError("used_url")
        self._targets[token] = replace(target, uses=target.uses + 1)
        return target


class SocketTickets:
    """What `apps.connections.open` gives out: each opens one socket."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def issue(self) -> str:
        """Return a new ticket."""
        ticket = secrets.token_urlsafe(24)
        self._open.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Return whether this ticket is one of ours and unused; it is used from then on."""
        is_known = ticket in self._open
        self._open.discard(ticket)
        return is_known
