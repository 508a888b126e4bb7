"""Several incidents at once: one that is left alone holds up no other."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.domain.incident import Incident
from handlers.errors import Quarantined, StoreDown
from handlers.ports import Ports


async def load(ports: Ports, incident_ids: Iterable[str]) -> tuple[list[Incident], list[Quarantined]]:
    """The states of those that can be read, and why each of the others is left alone."""
    found, left = [], []
    for incident_id in incident_ids:
        try:
            found.append(await ports.timelines.load(incident_id))
        except Quarantined as error:
            left.append(error)
        except StoreDown:
            raise
        except Exception as error:
            left.append(Quarantined(f"{incident_id} cannot be folded, so it is left alone: {error!r}"))
    return found, left
