"""Load several incidents at once: one that cannot be read does not hold up the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from handlers.domain.incident import Incident
from handlers.errors import Quarantined
from handlers.ports import Ports


class Loaded(NamedTuple):
    """The incidents that can be read, and why each of the others is left alone."""

    incidents: list[Incident]
    left_alone: list[Quarantined]


async def load(ports: Ports, incident_ids: Iterable[str]) -> Loaded:
    """Load these incidents."""
    loaded = Loaded([], [])
    for incident_id in incident_ids:
        try:
            loaded.incidents.append(await ports.timelines.load(incident_id))
        except Quarantined as error:
            loaded.left_alone.append(error)
    return loaded
