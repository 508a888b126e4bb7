"""Tell how many incidents an alert had before that no rule judges, and when the last was."""

from __future__ import annotations

from handlers.domain.events.lifecycle import EarlierIncidents
from handlers.domain.incident import Incident
from handlers.errors import Quarantined
from handlers.ports import Ports
from runbooks.all_runbooks import can_prove


async def earlier(ports: Ports, incident: Incident) -> tuple[EarlierIncidents, ...]:
    """Return the incidents of the same cluster and alert before this one, where nobody has told them yet.

    Each incident tells one more than the one before it, so only that is read.
    """
    if incident.earlier or can_prove(incident.runbook):
        return ()
    now = ports.time.now()
    before = await ports.past.previous(incident.identity)
    if before is None or before == incident.id:
        return (EarlierIncidents(at=now, count=0),)
    try:
        last = await ports.timelines.load(before)
    except Quarantined:
        return ()
    return (
        EarlierIncidents(
            at=now,
            count=1 + (last.earlier.count if last.earlier else 0),
            last=before,
            opened_at=last.opened_at,
            closed_at=last.closed.at if last.closed else None,
        ),
    )
