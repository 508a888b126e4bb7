"""Make the events for alerts that are new to an incident."""

from __future__ import annotations

import secrets
from datetime import datetime

from handlers.domain.alert_batches import in_batches
from handlers.domain.alerts import Alert, IncidentIdentity, what_changed
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.incident import Incident


def received(
    now: datetime, identity: IncidentIdentity, incident: Incident, new: tuple[Alert, ...], truncated: int = 0
) -> list[Event]:
    """Return an event for the new alerts; several where one would be too large to be kept."""
    events: list[Event] = []
    known = dict(incident.alerts)
    for batch in in_batches(new):
        events.append(
            AlertsReceived(
                at=now,
                reason=what_changed(known, batch),
                cluster=identity.cluster,
                runbook=identity.runbook,
                alerts=batch,
                truncated=truncated,
                handle="" if incident.opened_at or events else secrets.token_urlsafe(16),
            )
        )
        known |= {alert.fingerprint: alert for alert in batch}
    return events
