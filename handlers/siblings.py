"""Tell incidents of one cluster of each other: what else is open there, and what was found in it."""

from __future__ import annotations

from handlers.domain.alerts import IncidentIdentity
from handlers.domain.incident import Incident
from handlers.errors import Quarantined
from handlers.ports import Ports
from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import SURE
from runbooks.wording import listed

Remark = tuple[str, str]


async def also_open(ports: Ports, incident: Incident) -> list[Remark]:
    """Return a remark for each other incident of the cluster that is open, with what was found in it.

    One that cannot be read is left out: its own thread says so.
    """
    remarks = []
    for name in tuple(RUNBOOKS):  # a reload may add one while the store is waited for
        key = f"also-open-{name}"
        if name == incident.runbook or key in incident.remarks:
            continue
        try:
            held = await ports.timelines.standing(IncidentIdentity(incident.cluster, name), claim=False)
        except Quarantined:
            continue
        if held.incident and held.incident.opened_at and not held.incident.closed:
            remarks.append((key, _sentence(held.incident)))
    return remarks


def _sentence(other: Incident) -> str:
    """Return which incident is open beside this one, and what it found."""
    alerts = (
        listed(sorted({alert.name for alert in other.firing}), 3) if other.firing else "no alert any more"
    )
    found = ""
    if other.diagnosis:
        top = other.diagnosis.top
        found = (
            f" It found: {other.diagnosis.summary}" if top.verdict in SURE else " It has no sure cause yet."
        )
    return f"Also open on {other.cluster}: {other.id} ({alerts}).{found}"
