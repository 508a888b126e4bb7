"""Compare what the webhook told with what Alertmanager holds and Prometheus recorded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.domain.alert_sources import Fired, Held, Labels, ReconcileCheckpoint
from handlers.domain.alerts import (
    UNCONFIGURED,
    Alert,
    IncidentIdentity,
    Places,
    ended,
    fingerprint_of,
    is_known_time,
    news,
    presumed_over,
)
from handlers.domain.incident import Incident

ARRIVAL_GRACE_S = 60.0
"""How long an alert may fire before its notification counts as lost: twice the default group_wait."""

CLOCKS_DIFFER_S = 60.0
"""Firings this close together are one: the times are Alertmanager's here and Prometheus' there."""


class Difference(StrEnum):
    """In what the bot's incidents differ from what the alerting says."""

    NEVER_ARRIVED = "never_arrived"
    RESOLVED_NEVER_CAME = "resolved_never_came"
    CAME_AND_WENT = "came_and_went"


@dataclass(frozen=True)
class Discrepancy:
    """One difference: the alerts as the bot should know them, and the incident where one is open."""

    difference: Difference
    identity: IncidentIdentity
    alerts: tuple[Alert, ...]
    incident: Incident | None = None


@dataclass(frozen=True)
class Seen:
    """One look. `firing` is Prometheus' own list, `None` where there is no Prometheus to ask; `fired` is what
    it recorded since the last look. Of what Alertmanager holds, `unreadable` alerts could not be read."""

    held: tuple[Held, ...]
    firing: tuple[Labels, ...] | None = None
    fired: tuple[Fired, ...] = ()
    unreadable: int = 0


@dataclass(frozen=True)
class KnownIncidents:
    """The incidents: those that are open, and, in the order of their ends, those that were closed lately and
    the one before of each identity that something fires of."""

    open: dict[IncidentIdentity, Incident]
    closed: tuple[Incident, ...] = ()

    def of(self, alert: Alert, identity: IncidentIdentity) -> Incident | None:
        """Return the open incident that knows an alert, whatever its identity; else that of the identity."""
        knowing = (each for each in self.open.values() if _knows(each, alert))
        return next(knowing, self.open.get(identity))


def _knows(incident: Incident, alert: Alert) -> bool:
    known = incident.alerts.get(alert.fingerprint)
    return known is not None and known.key == alert.key


def never_arrived(
    seen: Seen, known: KnownIncidents, places: Places, before: ReconcileCheckpoint, now: datetime
) -> tuple[list[Discrepancy], dict[str, datetime]]:
    """Return the bot's alerts that fire, are not suppressed, and that no incident knows.

    What belongs to an open incident joins it at once. What would open one is given time to arrive first: it
    must have fired for a while, by its own start or, should the clocks disagree, by the bot's looks.

    Returns:
        The findings, and since when each alert that is given time has been unknown.
    """
    missing, waiting = [], {}
    for alert in (each.alert for each in seen.held if each.ours and not each.suppressed):
        identity = places.identity_of(alert)
        incident = known.of(alert, identity)
        if not news(incident.alerts if incident else _ended(known, identity), [alert]):
            continue
        since = before.unknown_since.get(alert.fingerprint, now)
        if incident or now - min(since, alert.starts_at) >= timedelta(seconds=ARRIVAL_GRACE_S):
            missing.append(alert)
        else:
            waiting[alert.fingerprint] = since
    found = places.by_identity(missing).items()
    return [
        _finding(Difference.NEVER_ARRIVED, known, identity, alerts) for identity, alerts in found
    ], waiting


def resolved_never_came(
    seen: Seen, known: KnownIncidents, before: ReconcileCheckpoint, now: datetime, grace_s: float
) -> tuple[list[Discrepancy], dict[str, datetime]]:
    """Return an incident's firing alerts that neither Alertmanager nor Prometheus has held for the grace.

    A silenced or inhibited alert is held. While some cannot be read, any may be among them. That one is
    presumed resolved closes no incident by itself: where a runbook can look, `next_step` still asks for a
    leader that is verified.

    Returns:
        The findings, and since when each alert that is absent has been so.
    """
    findings: list[Discrepancy] = []
    absent: dict[str, datetime] = {}
    if seen.unreadable:
        return findings, absent
    held = {each.alert.fingerprint for each in seen.held}
    for incident in {each.id: each for each in known.open.values()}.values():
        over = []
        for alert in incident.firing:
            if alert.fingerprint in held or any(_is_of(labels, alert) for labels in seen.firing or ()):
                continue
            key = f"{incident.id}/{alert.fingerprint}"
            absent[key] = before.absent_since.get(key, now)
            if now - absent[key] >= timedelta(seconds=grace_s):
                over.append(presumed_over(alert, absent.pop(key)))
        if over:
            identity = incident.identity
            findings.append(_finding(Difference.RESOLVED_NEVER_CAME, known, identity, tuple(over)))
    return findings, absent


def came_and_went(seen: Seen, known: KnownIncidents, places: Places) -> list[Discrepancy]:
    """Return what Prometheus recorded as fired and over, and no incident has seen fire then."""
    going_on = list(seen.firing or ())
    unseen = []
    for fired in seen.fired:
        alert = Alert(
            status="resolved",
            labels=dict(fired.labels),
            starts_at=fired.first,
            ends_at=fired.last,
            fingerprint=fingerprint_of(fired.labels),
        )
        identity = places.identity_of(alert)
        if identity.runbook == UNCONFIGURED or fired.labels in going_on:
            continue
        # By its label it is known wherever it is, by another identity too: explained, merged or renamed.
        is_labelled = "cluster" in fired.labels
        incidents = [
            each
            for each in (*known.open.values(), *known.closed)
            if is_labelled or each.cluster == identity.cluster
        ]
        if not any(saw(incident, alert) for incident in incidents):
            unseen.append(alert)
    found = places.by_identity(unseen).items()
    return [_finding(Difference.CAME_AND_WENT, known, identity, alerts) for identity, alerts in found]


def _finding(
    difference: Difference, known: KnownIncidents, identity: IncidentIdentity, alerts: tuple[Alert, ...]
) -> Discrepancy:
    return Discrepancy(difference, identity, alerts, known.open.get(identity))


def _ended(known: KnownIncidents, identity: IncidentIdentity) -> dict[str, Alert]:
    """Return the alerts that ended in the closed incidents of an identity, the newest last."""
    return ended(
        alert for each in known.closed if identity in each.identities for alert in each.alerts.values()
    )


def _is_of(labels: Labels, alert: Alert) -> bool:
    """Return whether a Prometheus series is this alert's: Alertmanager's has the external labels as well."""
    return labels.items() <= alert.labels.items()


def saw(incident: Incident, fired: Alert) -> bool:
    """Return whether this firing is one that the incident has in its timeline."""
    margin = timedelta(seconds=CLOCKS_DIFFER_S)
    # Differences of times have no bounds, as times themselves do.
    return any(
        _is_of(fired.labels, alert)
        and alert.starts_at - fired.ends_at <= margin
        and (alert.status == "firing" or fired.starts_at - alert.ends_at <= margin)
        for alert in incident.firings.values()
    )


def sentence(finding: Discrepancy, has_prometheus: bool) -> str:
    """Return the sentence that the thread shows."""
    names = ", ".join(sorted({alert.name for alert in finding.alerts}))
    starts = [alert.starts_at for alert in finding.alerts if is_known_time(alert.starts_at)]
    first = min(starts, default=None)
    last = max(alert.ends_at for alert in finding.alerts)
    match finding.difference:
        case Difference.NEVER_ARRIVED:
            since = f" since {first:%H:%M:%S} UTC" if first else ""
            return (
                f"Alertmanager holds {names} firing{since}, and no notification "
                "of it has arrived: the bot found it by asking."
            )
        case Difference.RESOLVED_NEVER_CAME:
            who = "neither Alertmanager nor Prometheus has" if has_prometheus else "Alertmanager has not"
            return (
                f'No "resolved" came for {names}, but {who} held it since {last:%H:%M:%S} UTC: '
                "it counts as resolved."
            )
        case Difference.CAME_AND_WENT:
            return (
                f"{names} fired from {first or last:%Y-%m-%d %H:%M:%S} to {last:%H:%M:%S} UTC, as Prometheus "
                "recorded it, while nobody told the bot."
            )
