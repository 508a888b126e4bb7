"""The samples that the posture keeps of a cluster, for those runbooks that go by them."""

from __future__ import annotations

from handlers.domain.incident import Incident
from handlers.ports import Ports
from runbooks.all_runbooks import WITH_HISTORY
from runbooks.posture.samples import Sample


async def kept_for(ports: Ports, incident: Incident) -> tuple[Sample, ...]:
    """Return what was kept of an incident's cluster, oldest first; nothing for a runbook without use for it.

    Raises:
        StoreDown: If Redis does not answer.
    """
    if ports.postures is None or incident.runbook not in WITH_HISTORY:
        return ()
    return await ports.postures.samples(incident.cluster)
