"""What Alertmanager's v2 API answers, as far as the bot reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from handlers.domain.alert_sources import Held, Listing
from handlers.domain.alerts import Alert, is_known_time

ENDED = "expired"


class Answer(BaseModel):
    """Fields that the bot does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class StatusAnswer(Answer):
    """active, suppressed, unprocessed of an alert; pending, active, expired of a silence."""

    state: str


class ReceiverAnswer(Answer):
    """A receiver that an alert is routed to."""

    name: str


class AlertAnswer(Answer):
    """What the API says about an alert beside the alert itself; its `endsAt` is a guess, and not taken."""

    status: StatusAnswer
    receivers: tuple[ReceiverAnswer, ...] = ()

    def held(self, alert: Alert, receiver: str) -> Held:
        """Return the alert, whether it is muted, and whether it goes to this receiver."""
        ours = receiver in {each.name for each in self.receivers}
        return Held(alert, suppressed=self.status.state == "suppressed", ours=ours)


class MatcherAnswer(Answer):
    """A matcher: what a silence asks of a label."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class SilenceAnswer(Answer):
    """A silence."""

    id: str
    status: StatusAnswer
    ends_at: AwareDatetime
    created_by: str
    comment: str
    matchers: tuple[MatcherAnswer, ...]


def union(peers: Iterable[Listing]) -> Listing:
    """By fingerprint: as early as any peer says, and suppressed only where every peer says so."""
    known: dict[str, Held] = {}
    unreadable = 0
    for peer in peers:
        unreadable += peer.unreadable
        for held in peer.held:
            other = known.setdefault(held.alert.fingerprint, held)
            known[held.alert.fingerprint] = Held(
                min(held.alert, other.alert, key=_start),
                suppressed=held.suppressed and other.suppressed,
                ours=held.ours or other.ours,
            )
    return Listing(tuple(known.values()), unreadable)


def _start(alert: Alert) -> tuple[bool, datetime]:
    return not is_known_time(alert.starts_at), alert.starts_at


def matcher(name: str, values: Set[str]) -> MatcherAnswer:
    """That a label has one of these values."""
    one_of = "|".join(map(re.escape, sorted(values)))
    return MatcherAnswer(
        name=name, value=one_of if len(values) > 1 else min(values), is_regex=len(values) > 1
    )


def is_like(silence: SilenceAnswer, wanted: list[MatcherAnswer], created_by: str, comment: str) -> bool:
    """Return whether a silence that has not ended has the same matchers, author and comment."""
    return (
        silence.status.state != ENDED
        and (silence.created_by, silence.comment) == (created_by, comment)
        and set(silence.matchers) == set(wanted)
    )
