"""How alerts stand in the hash and the sorted sets that outlive an incident: by key, with their ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.store.errors import text
from handlers.domain.alerts import UNKNOWN_TIME, Alert
from handlers.domain.events import AlertsReceived, Event
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState

MICROSECOND = timedelta(microseconds=1)


def _end_us(alert: Alert) -> int:
    """Return an alert's end in microseconds; 0 where nobody said when it ended."""
    told = alert.status == "resolved" and not alert.presumed
    return (alert.ends_at - UNKNOWN_TIME) // MICROSECOND if told else 0


def ends_of(alerts: Iterable[Alert]) -> str:
    """Return the ends of alerts as JSON, without those that have none."""
    return json.dumps([(alert.key, us) for alert in alerts if (us := _end_us(alert))])


def to_release(incident: Incident, alerts: Iterable[Alert]) -> str:
    """Return an incident's alerts with their ends as JSON, and further ones whose ends do not count."""
    known = [(alert.key, _end_us(alert)) for alert in incident.alerts.values()]
    return json.dumps(known + [(alert.key, 0) for alert in alerts])


def to_append(events: Iterable[Event]) -> str:
    """Return the alerts of events as JSON: each key, and whether no other open incident may know it."""
    alerts = [alert for event in events if isinstance(event, AlertsReceived) for alert in event.alerts]
    return json.dumps([(alert.key, alert.status == "firing") for alert in alerts])


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
