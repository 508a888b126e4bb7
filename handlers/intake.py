"""A stored notification becomes news on the incidents that it concerns."""

from __future__ import annotations

from handlers.alerts import UNCONFIGURED, Alert, Identity, Notification, by_identity, news, what_changed
from handlers.errors import Moved
from handlers.events import AlertsReceived
from handlers.ports import Ports


async def receive(ports: Ports, notification: Notification, cluster_in_path: str | None) -> tuple[str, ...]:
    """Fold one notification in; safe to repeat, since what is known is no news.

    Args:
        ports: What is touched.
        notification: The webhook body.
        cluster_in_path: The cluster that the webhook's address named, for alerts without the label.

    Returns:
        The incidents that changed.
    """
    configured = ports.reader.clusters
    fallback = cluster_in_path or (configured[0] if len(configured) == 1 else "unnamed")
    changed = []
    for identity, alerts in by_identity(notification, fallback).items():
        # A cluster that is not configured cannot be read: its alerts get one thread, and no diagnosis.
        known = identity if identity.cluster in configured else Identity(identity.cluster, UNCONFIGURED)
        changed.append(await _fold_in(ports, known, alerts, notification.truncated_alerts))
    return tuple(incident_id for incident_id in changed if incident_id)


async def _open_incident(ports: Ports, identity: Identity, alerts: tuple[Alert, ...]) -> str | None:
    """The incident that is open; a new one only for an alert that fires: "resolved" alone opens nothing."""
    if any(alert.status == "firing" for alert in alerts):
        return await ports.timelines.claim(identity)
    return await ports.timelines.find(identity)


async def _fold_in(ports: Ports, identity: Identity, alerts: tuple[Alert, ...], truncated: int) -> str | None:
    while True:
        incident_id = await _open_incident(ports, identity, alerts)
        if incident_id is None:
            return None
        incident = await ports.timelines.load(incident_id)
        if incident.closed:
            await ports.timelines.release(identity, incident.id)
            continue
        new = news(incident.alerts, alerts)
        if not new:
            return None
        event = AlertsReceived(
            at=ports.time.now(),
            reason=what_changed(incident.alerts, new),
            cluster=identity.cluster,
            runbook=identity.runbook,
            alerts=new,
            truncated=truncated,
        )
        try:
            await ports.timelines.append(incident, event)
        except Moved:
            continue
        return incident.id
