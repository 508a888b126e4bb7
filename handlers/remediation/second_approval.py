"""Show a confirmed plan to a second person, and take their approval."""

from __future__ import annotations

from handlers.authorization import (
    Click,
    Submission,
    actions_of,
    check_person,
    incident_of,
)
from handlers.decide_again import decide_again_if_moved
from handlers.domain.events.base import Person
from handlers.domain.events.remediation import PlanApproved, PlanProposed
from handlers.domain.incident import Incident
from handlers.domain.permissions import PlanPermission
from handlers.errors import AlreadyConfirmed, StaleOffer
from handlers.ports import Ports
from handlers.remediation.preconditions import ShownPlan, check_open, proposal_of, take_run_lock, void_because


async def awaiting(ports: Ports, click: Click) -> ShownPlan:
    """Return the confirmed plan that a second person is asked to approve, for them to read.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    incident = await incident_of(ports, click)
    proposal = await _check_second(ports, incident, click.handle, click.by)
    return ShownPlan(incident, proposal)


@decide_again_if_moved
async def approve(ports: Ports, submission: Submission) -> Incident:
    """Give the second approval; the run begins.

    Raises:
        Refused: With the sentence that the approver gets.
    """
    handle, by = submission.handle, submission.by
    incident = await incident_of(ports, submission)
    await _check_second(ports, incident, handle, by)
    fence = await take_run_lock(ports, incident)
    return await ports.timelines.append(
        incident, PlanApproved(at=ports.time.now(), handle=handle, by=by, fence=fence)
    )


async def _check_second(ports: Ports, incident: Incident, handle: str, by: Person) -> PlanProposed:
    waiting, proposal = incident.awaiting_second, proposal_of(incident, handle)
    if waiting is None or waiting.handle != handle:
        raise AlreadyConfirmed("No second approval is asked for here any more.")
    check_open(incident)
    actions = actions_of(proposal.plan)
    await check_person(ports, incident, by, PlanPermission.APPROVE, actions, confirmed_by=waiting.by.id)
    if void := await void_because(ports, incident, proposal):
        raise StaleOffer(f"{void.reason}: it must be proposed again.")
    return proposal
