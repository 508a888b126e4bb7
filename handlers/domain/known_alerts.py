"""Which alerts are new to an identity, by its open incident and by ends that outlived others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from handlers.domain.alerts import Alert, end_of, is_known_time, news
from handlers.domain.incident import Incident


@dataclass(frozen=True)
class IdentityState:
    """What the store holds for an identity, and for the alerts that were asked about, each by its key.

    `incident` is the open incident. `ended` holds the newest ends that closed incidents know, `early` the
    ends that came while no incident knew the alert. `homes` holds the ids of the open incidents that know an
    alert already, whatever its identity would be today.
    """

    incident: Incident | None
    ended: Mapping[str, datetime] = field(default_factory=dict)
    early: Mapping[str, datetime] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)


def fires(alert: Alert) -> bool:
    """Return whether an alert fires."""
    return alert.status == "firing"


def home_of(alerts: Iterable[Alert], state: IdentityState) -> str | None:
    """Return the id of another open incident that knows one of the alerts."""
    here = state.incident.id if state.incident else None
    homes = (state.homes.get(alert.key) for alert in alerts)
    return next((home for home in homes if home and home != here), None)


def new_to(state: IdentityState, alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """Return what is news of the alerts, and behind a firing the end that came before it, if one did."""
    ends = {
        each.fingerprint: end_of(each, state.ended[each.key]) for each in alerts if each.key in state.ended
    }
    known = {**ends, **(state.incident.alerts if state.incident else {})}
    fresh = news(known, (each for each in alerts if not _ends_nothing(known, each)))
    after = {**known, **{each.fingerprint: each for each in fresh}}
    return fresh + tuple(
        end_of(now, state.early[each.key])
        for each in alerts
        if each.key in state.early
        and _is_over(now := after.get(each.fingerprint, each), state.early[each.key])
    )


def ends_left_by(incident: Incident) -> dict[str, datetime]:
    """Return by key the ends that outlive a closed incident.

    They are those that were told, and of what still fired, when a person closed the incident all the same.
    What the bot presumed is not among them: the sender's own word goes before it.
    """
    by_hand = incident.closed.at if incident.closed and incident.closed.by else None
    ends = (
        (each.key, by_hand if fires(each) else each.ends_at)
        for each in incident.alerts.values()
        if not each.presumed
    )
    return {key: ends_at for key, ends_at in ends if ends_at and is_known_time(ends_at)}


def _ends_nothing(known: Mapping[str, Alert], alert: Alert) -> bool:
    """Return whether this is the end of a stand-in that was never made."""
    return alert.stand_in and not fires(alert) and alert.fingerprint not in known


def _is_over(alert: Alert, early_end: datetime) -> bool:
    """Return whether a firing ended before it came; one whose start is unknown cannot be told to be old."""
    return fires(alert) and is_known_time(alert.starts_at) and early_end >= alert.starts_at
