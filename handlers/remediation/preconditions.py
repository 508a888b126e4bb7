"""Conditions on the incident and its cluster that must hold before a plan goes on."""

from __future__ import annotations

from typing import NamedTuple

from handlers.domain import fences
from handlers.domain.events.remediation import PlanProposed
from handlers.domain.incident import Incident
from handlers.domain.plan_validity import Void, why_void
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import AlreadyConfirmed, Refused, UnknownHandle
from handlers.judging import judge
from handlers.ports import Fence, Ports


class ShownPlan(NamedTuple):
    """A plan that was shown to somebody, with its incident."""

    incident: Incident
    proposal: PlanProposed


def proposal_of(incident: Incident, handle: str) -> PlanProposed:
    """Return the plan that was shown under a handle.

    Raises:
        UnknownHandle: If this incident has shown none.
    """
    proposal = incident.proposals.get(handle)
    if proposal is None:
        raise UnknownHandle
    return proposal


async def void_because(ports: Ports, incident: Incident, proposal: PlanProposed) -> Void | None:
    """Return why a plan that was shown is no longer valid, or `None`."""
    now, life = ports.time.now(), await ports.timelines.life()
    void = judge(Judgement.VALIDITY, why_void, proposal, incident, now, life)
    return Void(void.sentence.rstrip(".")) if isinstance(void, Undetermined) else void


async def take_run_lock(ports: Ports, incident: Incident) -> int:
    """Take the cluster's run lock and return its fence; free a lock whose run is over (after a crash).

    Raises:
        AlreadyConfirmed: If another incident's run is acting on the cluster.
    """
    seen = await ports.agents.seen_fences(incident.cluster)
    lying = fences.liars(seen, fences.plausible(await ports.run_locks.newest(incident.cluster)))
    above = max((fence or 0 for node, fence in seen.items() if node not in lying), default=0)
    while True:
        lock = await ports.run_locks.begin(incident.cluster, incident.id, above=above)
        if isinstance(lock, Fence):
            return lock.number
        holder = await ports.timelines.load(lock.incident_id)
        if holder.running:
            raise AlreadyConfirmed(f"{holder.id} is acting on {incident.cluster}; one run at a time.")
        await ports.run_locks.end(incident.cluster, holder.id)


def check_open(incident: Incident) -> None:
    """Check that the incident can still take a plan.

    Raises:
        Refused: If the incident is closed or about to change, or a run is under way.
    """
    if incident.closed:
        raise Refused("This incident is closed.")
    if incident.regrouping.request:
        raise Refused("This incident is being merged or split; its thread says when that is done.")
    if incident.running:
        raise AlreadyConfirmed(f"{incident.running.confirmed_by.name} has confirmed a plan; it is running.")
