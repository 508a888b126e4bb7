"""What Alertmanager's v2 API answers, as far as the bot reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from handlers.domain.alert_sources import Held

ENDED = "expired"


class Answer(BaseModel):
    """Base of all answers: fields that the bot does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class StatusAnswer(Answer):
    """State of an alert (active, suppressed, unprocessed) or of a silence (pending, active, expired)."""

    state: str


class ReceiverAnswer(Answer):
    """A receiver that an alert is routed to."""

    name: str


class AlertAnswer(Answer):
    """A firing alert; its `endsAt` is only Alertmanager's guess, so it is ignored."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime
    fingerprint: str
    status: StatusAnswer
    receivers: tuple[ReceiverAnswer, ...] = ()


class MatcherAnswer(Answer):
    """A matcher: the condition that a silence puts on a label."""

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


def union(peers: Iterable[list[Held]]) -> tuple[Held, ...]:
    """Merge by fingerprint: the earliest start any peer gives, suppressed only where every peer says so."""
    known: dict[str, Held] = {}
    for held in (each for peer in peers for each in peer):
        other = known.setdefault(held.alert.fingerprint, held)
        known[held.alert.fingerprint] = Held(
            min(held.alert, other.alert, key=lambda alert: alert.starts_at),
            suppressed=held.suppressed and other.suppressed,
            ours=held.ours or other.ours,
        )
    return tuple(known.values())


def matcher(name: str, values: Set[str]) -> MatcherAnswer:
    """Return a matcher for a label that has one of these values."""
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
