"""Read the cluster, judge it, offer what the runbook allows."""

from __future__ import annotations

import secrets

from handlers.events import EvidenceRead, FindingsRanked, Offer
from handlers.incident import Incident
from handlers.ports import Ports
from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import Remedy


async def read_cluster(ports: Ports, incident: Incident) -> Incident:
    """Gather evidence, rank the findings, and give each offered remedy the handle of its button."""
    evidence = await ports.reader.read(incident.cluster)
    diagnosis = RUNBOOKS[incident.runbook].diagnose(evidence)
    offers = tuple(_offer(incident, remedy) for remedy in diagnosis.offers)
    for offer in offers:
        await ports.timelines.remember_handle(offer.handle, incident.id)
    now = ports.time.now()
    return await ports.timelines.append(
        incident,
        EvidenceRead(at=now, evidence=evidence),
        FindingsRanked(at=now, diagnosis=diagnosis, offers=offers),
    )


def _offer(incident: Incident, remedy: Remedy) -> Offer:
    """The same remedy keeps its button over a fresh reading; a changed one gets a new handle."""
    for known in incident.offers:
        if known.remedy.actions == remedy.actions:
            return Offer(handle=known.handle, remedy=remedy)
    return Offer(handle=secrets.token_urlsafe(16), remedy=remedy)
