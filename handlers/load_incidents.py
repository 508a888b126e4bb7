"""Load incidents: one that somebody named, or several, of which none holds up the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from handlers.domain.incident import Incident
from handlers.errors import Quarantined, Refused, StoreDown
from handlers.ports import ReadPorts


class Loaded(NamedTuple):
    """The incidents that can be read, and why each of the others is left alone."""

    incidents: list[Incident]
    left_alone: list[Quarantined]


async def load_known(ports: ReadPorts, incident_id: str) -> Incident:
    """Load an incident that a person named.

    Raises:
        Refused: If there is none.
    """
    incident = await ports.timelines.load(incident_id)
    if incident.opened_at is None:
        raise Refused(
            f"There is no incident {incident_id[:40]}; `/neumann incident list` shows those that are open."
        )
    return incident


async def load(ports: ReadPorts, incident_ids: Iterable[str]) -> Loaded:
    """Load these incidents."""
    loaded = Loaded([], [])
    for incident_id in incident_ids:
        try:
            loaded.incidents.append(await ports.timelines.load(incident_id))
        except Quarantined as error:
            loaded.left_alone.append(error)
        except StoreDown:
            raise
        except Exception as error:
            why = f"{incident_id} cannot be folded, so it is left alone: {error!r}"
            loaded.left_alone.append(Quarantined(why))
    return loaded
