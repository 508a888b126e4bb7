"""Fold Alertmanager's notifications into the incidents that they concern."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from handlers import load_incidents
from handlers.domain.alerts import (
    STILL_FIRING,
    Alert,
    IncidentIdentity,
    Places,
    ended,
    fingerprint_of,
    news,
    what_changed,
)
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived, Remarked
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery, Unreadable
from handlers.errors import Moved
from handlers.ports import IdentityState, Ports


async def receive(ports: Ports, delivery: Delivery, cluster_in_path: str | None) -> tuple[str, ...]:
    """Fold a notification into its incidents; repeating it changes nothing.

    Args:
        ports: What is touched.
        delivery: The notification.
        cluster_in_path: The cluster that the webhook's address named, for alerts without the label.

    Returns:
        The incidents that changed.
    """
    places = Places(ports.reader.clusters, cluster_in_path)
    remarks = [_put_aside(each) for each in delivery.unreadable]
    alerts = delivery.alerts or (_in_place_of(delivery, ports.time.now()),)
    if delivery.truncated and ports.alertmanager is None:
        remarks.append(TRUNCATED)
    changed = []
    for identity, group in places.by_identity(alerts).items():
        changed.append(await fold_in(ports, identity, group, *remarks, truncated=delivery.truncated))
    return tuple(incident_id for incident_id in changed if incident_id)


Remark = tuple[str, str]
"""The key and the sentence of a `Remarked`."""

MAX_REMARKS = 30

LEFT_OUT: Remark = ("left-out", "There is more of this kind than is said here; the log of the bot has each.")

TRUNCATED: Remark = (
    "truncated",
    "Alertmanager left alerts out of its notification, and the bot has no [alertmanager] to ask for them: "
    "set max_alerts to 0 on its receiver.",
)


UNREADABLE = "UnreadableNotification"
"""Name of the stand-in alert of a notification in which no alert could be read."""


def _in_place_of(delivery: Delivery, now: datetime) -> Alert:
    """Return a stand-in alert, so that a notification without a readable alert opens an incident.

    It fires until somebody resolves it, or reconciliation finds that Alertmanager holds no such alert.
    """
    labels = {**delivery.group_labels, "alertname": UNREADABLE}
    group = ", ".join(f"{name}={value}" for name, value in delivery.group_labels.items())
    summary = f"Alertmanager sent a notification in which no alert can be read. Its group: {group or 'all'}."
    return Alert(
        status="firing",
        labels=labels,
        annotations={"summary": summary},
        starts_at=now,
        ends_at=datetime.fromisoformat(STILL_FIRING),
        fingerprint=fingerprint_of(labels),
    )


def _put_aside(unreadable: Unreadable) -> Remark:
    sentence = (
        f"One alert of a notification could not be read and was put aside ({unreadable.why}); "
        "those that could be were taken."
    )
    return f"unreadable/{unreadable.key}", sentence


async def fold_in(
    ports: Ports,
    identity: IncidentIdentity,
    alerts: tuple[Alert, ...],
    *remarks: Remark,
    truncated: int = 0,
    remarks_alone: bool = True,
) -> str | None:
    """Append what is new to the open incident of an identity, or to a new one.

    Args:
        ports: What is touched.
        identity: The cluster and runbook of the alerts.
        alerts: Their newest states; those already known are skipped.
        remarks: Added to the thread, each once.
        truncated: How many alerts the sender left out.
        remarks_alone: Whether to add the remarks even if no alert is new.

    Returns:
        The id of the incident if it changed.
    """
    while True:
        state = await ports.timelines.standing(identity, claim=any(map(_fires, alerts)))
        incident, fresh = state.incident, alerts
        if incident is None or incident.opened_at is None:
            fresh = await _fresh_for_new_incident(ports, identity, state, alerts)
            if not fresh:
                return None
            incident = incident or await ports.timelines.load(await ports.timelines.claim(identity))
        if incident.closed:
            await ports.timelines.release(identity, incident.id)
            continue
        events = _received(ports, identity, incident, fresh, truncated)
        if events or remarks_alone:
            events += remarked(incident, ports.time.now(), remarks)
        if not events:
            return None
        try:
            await ports.timelines.append(incident, *events)
        except Moved:
            continue
        return incident.id


async def _fresh_for_new_incident(
    ports: Ports, identity: IncidentIdentity, state: IdentityState, alerts: tuple[Alert, ...]
) -> tuple[Alert, ...]:
    """Return the alerts that a new incident opens with, or () if they open none.

    A firing that ended in the previous incident, as a lagging peer of Alertmanager repeats it, opens nothing.
    """
    fresh = news(await _ended_in(ports, state.previous), alerts)
    if not any(map(_fires, fresh)):
        await ports.past.remember_ends(identity, fresh)
        return ()
    return fresh + _overtaken(state.ends, fresh)


def _fires(alert: Alert) -> bool:
    return alert.status == "firing"


async def _ended_in(ports: Ports, incident_id: str | None) -> dict[str, Alert]:
    found, _ = await load_incidents.load(ports, [incident_id] if incident_id else [])
    return ended(alert for incident in found for alert in incident.alerts.values())


def _overtaken(ends: Mapping[str, Alert], alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """Return the ends that were folded in before their firings, since two workers may overtake each other."""
    found = [(alert, ends[alert.fingerprint]) for alert in alerts if alert.fingerprint in ends]
    return tuple(end for alert, end in found if _fires(alert) and end.ends_at >= alert.starts_at)


def _received(
    ports: Ports, identity: IncidentIdentity, incident: Incident, alerts: tuple[Alert, ...], truncated: int
) -> list[Event]:
    new = news(incident.alerts, alerts)
    if not new:
        return []
    return [
        AlertsReceived(
            at=ports.time.now(),
            reason=what_changed(incident.alerts, new),
            cluster=identity.cluster,
            runbook=identity.runbook,
            alerts=new,
            truncated=truncated,
            handle="" if incident.opened_at else secrets.token_urlsafe(16),
        )
    ]


def remarked(incident: Incident, now: datetime, remarks: Iterable[Remark]) -> list[Event]:
    """Return events for the remarks the incident lacks, up to MAX_REMARKS: each is a message."""
    new = [(key, sentence) for key, sentence in remarks if key not in incident.remarks]
    room = max(MAX_REMARKS - len(incident.remarks), 0)
    if len(new) > room:
        new = [*new[:room], *([LEFT_OUT] if LEFT_OUT[0] not in incident.remarks else [])]
    return [Remarked(at=now, key=key, sentence=sentence) for key, sentence in new]
