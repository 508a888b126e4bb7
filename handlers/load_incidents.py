"""Load several incidents at once: one that cannot be read does not hold up the others."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.domain.incident import Incident
from handlers.errors import Quarantined
from handlers.ports import Ports


async def load(ports: Ports, incident_ids: Iterable[str]) -> tuple[list[Incident], list[Quarantined]]:
    """Return the states of those that can be read, and why each of the others is left alone."""
    found, left = [], []
    for incident_id in incident_ids:
        try:
            found.append(await ports.timelines.load(incident_id))
        except Quarantined as error:
            left.append(error)
    return found, left
