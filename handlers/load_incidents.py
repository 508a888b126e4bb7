"""Load several incidents at once: one that cannot be read does not hold up the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from handlers.domain.incident import Incident
from handlers.errors import Quarantined, StoreDown
from handlers.ports import ReadPorts


class Loaded(NamedTuple):
    """The incidents that can be read, and why each of the others is left alone."""

    incidents: list[Incident]
    left_alone: list[Quarantined]


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
