"""How alerts stand in the hash and the sorted sets that outlive an incident: by key, with their ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.store.errors import text
from handlers.domain.alerts import UNKNOWN_TIME, Alert
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, ends_left_by

MICROSECOND = timedelta(microseconds=1)


def _us(at: datetime | None) -> int:
    """Return a time in microseconds; 0 for none."""
    return (at - UNKNOWN_TIME) // MICROSECOND if at else 0


def ends_of(alerts: Iterable[Alert]) -> str:
    """Return the ends of alerts as JSON, without those that nobody knows."""
    return json.dumps([(alert.key, us) for alert in alerts if (us := _us(alert.ends_at))])


def to_release(incident: Incident) -> str:
    """Return a closed incident's alerts as JSON, each with its end or 0."""
    ends = ends_left_by(incident)
    return json.dumps([(alert.key, _us(ends.get(alert.key))) for alert in incident.alerts.values()])


def keys_of(alerts: Iterable[Alert]) -> str:
    """Return the keys of alerts as JSON."""
    return json.dumps([alert.key for alert in alerts])


def identity_state(
    incident: Incident | None, alerts: Iterable[Alert], found: Sequence[Sequence[bytes]]
) -> IdentityState:
    """Return what `identity_read` found: ends, early ends and homes, each in the alerts' order."""
    keys = [alert.key for alert in alerts]
    ended, early, homes = ({k: v for k, v in zip(keys, values, strict=True) if v} for values in found)
    return IdentityState(
        incident,
        ended={key: _end_at(score) for key, score in ended.items()},
        early={key: _end_at(score) for key, score in early.items()},
        homes={key: text(home) for key, home in homes.items()},
    )


def _end_at(score: bytes) -> datetime:
    return UNKNOWN_TIME + int(float(score)) * MICROSECOND
