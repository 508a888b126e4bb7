"""Incidents of one cluster know each other: what else is open, what was found there, what it explains."""

from __future__ import annotations

from typing import NamedTuple

from handlers import load_incidents
from handlers.domain.alerts import IncidentIdentity
from handlers.domain.incident import ALSO_OPEN, Incident
from handlers.errors import Quarantined
from handlers.ports import Ports
from handlers.remarks import Remark
from runbooks.explained import EXPLAINED_BY, Explanation, explanation
from runbooks.model import SURE
from runbooks.wording import listed


class Explained(NamedTuple):
    """The open incident whose finding explains the alerts of another runbook, and what explains them."""

    by: Incident
    explanation: Explanation


async def explaining(ports: Ports, identity: IncidentIdentity) -> Explained | None:
    """Return the open incident of the cluster that explains the alerts of an identity now; `None` if none."""
    if identity.runbook not in EXPLAINED_BY:
        return None
    explains = IncidentIdentity(identity.cluster, EXPLAINED_BY[identity.runbook])
    try:
        found = (await ports.timelines.standing(explains, claim=False)).incident
    except Quarantined:
        return None
    if found is None or found.closed or found.verified or found.regrouping.request or not found.diagnosis:
        return None
    if found.recovering or found.runbook != explains.runbook:
        return None
    because = explanation(identity.runbook, found.runbook, found.diagnosis)
    return Explained(found, because) if because else None


async def also_open(ports: Ports, incident: Incident) -> list[Remark]:
    """Return a remark for each other incident of the cluster that is open, with what was found in it.

    One that cannot be read is left out: its own thread says so.
    """
    keys = {f"{ALSO_OPEN}{each}": each for each in await ports.timelines.open_on(incident.cluster)}
    unsaid = [each for key, each in keys.items() if each != incident.id and key not in incident.remarks]
    found, _ = await load_incidents.load(ports, unsaid)
    return [
        (f"{ALSO_OPEN}{other.id}", _sentence(other, incident))
        for other in found
        if other.opened_at and not other.closed and other.cluster == incident.cluster
    ]


def _sentence(other: Incident, incident: Incident) -> str:
    """Return which incident is open beside this one, what it found, and how to make them one."""
    alerts = (
        listed(sorted({alert.name for alert in other.firing}), 3) if other.firing else "no alert any more"
    )
    found = ""
    if other.diagnosis:
        top = other.diagnosis.top
        found = (
            f" It found: {other.diagnosis.summary}" if top.verdict in SURE else " It has no sure cause yet."
        )
        if explanation(incident.runbook, other.runbook, other.diagnosis):
            found += f" That explains this one: `/neumann incident merge {incident.id} into {other.id}`."
    return f"Also open on {other.cluster}: {other.id} ({alerts}).{found}"
