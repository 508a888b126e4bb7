"""What must hold before anybody confirms or approves a plan."""

from __future__ import annotations

from handlers.domain.events import PlanProposed
from handlers.domain.incident import Incident
from handlers.domain.plan_validity import why_void
from handlers.errors import AlreadyConfirmed, Refused
from handlers.ports import Lock, Ports


async def void_because(ports: Ports, incident: Incident, proposal: PlanProposed) -> str | None:
    """Why a plan that was shown does not hold any more; `None` where it does."""
    return why_void(proposal, incident, ports.time.now(), await ports.timelines.life())


async def take_run_lock(ports: Ports, incident: Incident) -> int:
    """Take the cluster's run lock and return its fence; free a lock whose run is over (after a crash).

    Raises:
        AlreadyConfirmed: If another incident's run is acting on the cluster.
    """
    seen = await ports.agents.seen_fences(incident.cluster)
    above = max((fence for fence in seen.values() if fence is not None), default=0)
    while True:
        lock = await ports.run_locks.begin(incident.cluster, incident.id, above=above)
        if isinstance(lock, Lock):
            return lock.fence
        holder = await ports.timelines.load(lock.incident_id)
        if holder.running:
            raise AlreadyConfirmed(f"{holder.id} is acting on {incident.cluster}; one run at a time.")
        await ports.run_locks.end(incident.cluster, holder.id)


def check_open(incident: Incident) -> None:
    """Refuse where nothing can be confirmed any more.

    Raises:
        Refused: If the incident is closed, or a run is under way.
    """
    if incident.closed:
        raise Refused("This incident is closed.")
    if incident.running:
        raise AlreadyConfirmed(f"{incident.running.confirmed_by.name} has confirmed a plan; it is running.")
