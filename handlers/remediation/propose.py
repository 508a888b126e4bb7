"""Propose the exact plan behind a button, confirm it once, and stop its run."""

from __future__ import annotations

import secrets

from handlers.authorization import (
    Click,
    Submission,
    actions_of,
    check_person,
    incident_of,
)
from handlers.decide_again import decide_again_if_moved
from handlers.domain.events.base import Person
from handlers.domain.events.diagnosis import Offer
from handlers.domain.events.remediation import PlanConfirmed, PlanProposed, StopAsked
from handlers.domain.incident import Incident
from handlers.domain.permissions import PlanPermission
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import AlreadyConfirmed, NotAllowed, Refused, StaleOffer, StalePlan
from handlers.judging import judge
from handlers.ports import Ports, Purpose
from handlers.remediation.planned_edits import with_planned_edits
from handlers.remediation.preconditions import ShownPlan, check_open, proposal_of, take_run_lock, void_because
from runbooks.all_runbooks import RUNBOOKS, aim


@decide_again_if_moved
async def propose(ports: Ports, click: Click) -> ShownPlan:
    """Draw up the plan behind a button, for the clicker to read.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    incident = await incident_of(ports, click)
    offer = await _current_offer(ports, incident, click.handle)
    return await _propose(ports, incident, offer, click.by)


@decide_again_if_moved
async def propose_again(ports: Ports, submission: Submission) -> ShownPlan:
    """Propose anew, as things are now, a plan that no longer holds.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    incident = await incident_of(ports, submission)
    offer = await _current_offer(ports, incident, proposal_of(incident, submission.handle).offer)
    return await _propose(ports, incident, offer, submission.by)


@decide_again_if_moved
async def confirm(ports: Ports, submission: Submission, *, silence_minutes: int = 0) -> Incident:
    """Confirm a plan that was shown: one compare-and-append, so that of two one loses.

    Raises:
        StalePlan: If the plan no longer holds, with the reason.
        Refused: With the sentence that the confirmer gets.
    """
    handle, by = submission.handle, submission.by
    incident = await incident_of(ports, submission)
    proposal = proposal_of(incident, handle)
    plan = proposal.plan
    await check_person(ports, incident, by, PlanPermission.CONFIRM, actions_of(plan))
    if by.id != proposal.by.id:
        raise NotAllowed(f"This plan was shown to {proposal.by.name}; open it yourself to confirm it.")
    await _current_offer(ports, incident, proposal.offer)
    if void := await void_because(ports, incident, proposal):
        raise StalePlan(void.sentence)
    second = plan.needs_second or ports.permissions.second_needed(incident.cluster, actions_of(plan))
    confirmed = PlanConfirmed(
        at=ports.time.now(),
        handle=handle,
        plan_sha256=plan.sha256,
        by=by,
        fence=0 if second else await take_run_lock(ports, incident),
        second_needed=second,
        silence_minutes=silence_minutes,
    )
    return await ports.timelines.append(incident, confirmed)


@decide_again_if_moved
async def stop(ports: Ports, click: Click) -> Incident:
    """Ask the run to stop before its next node; whoever may confirm may stop.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    incident = await incident_of(ports, click)
    running = incident.running
    if running is None or running.handle != click.handle:
        raise StaleOffer("That run is over already.")
    await check_person(ports, incident, click.by, PlanPermission.CONFIRM, actions_of(running.plan))
    if running.stop_asked_by:
        return incident
    return await ports.timelines.append(incident, StopAsked(at=ports.time.now(), by=click.by))


async def _propose(ports: Ports, incident: Incident, offer: Offer, by: Person) -> ShownPlan:
    await check_person(
        ports,
        incident,
        by,
        PlanPermission.PROPOSE,
        dict.fromkeys(action.type for action in offer.remedy.actions),
        purpose=Purpose.GLANCE,  # who confirms is asked about anew
    )
    if incident.evidence is None:
        raise StaleOffer
    plan = judge(Judgement.PLAN, RUNBOOKS[incident.runbook].plan, offer.remedy, incident.evidence)
    if isinstance(plan, Undetermined):
        raise Refused(plan.sentence)
    proposed = PlanProposed(
        at=ports.time.now(),
        handle=secrets.token_urlsafe(16),
        offer=offer.handle,
        plan=await with_planned_edits(ports.agents, incident.cluster, plan.of_cluster(incident.cluster)),
        by=by,
        life=await ports.timelines.life(),
    )
    await ports.timelines.remember_handle(proposed.handle, incident.id)
    return ShownPlan(await ports.timelines.append(incident, proposed), proposed)


async def _current_offer(ports: Ports, incident: Incident, handle: str) -> Offer:
    """Return the offer a handle stands for, if it still stands."""
    check_open(incident)
    waiting = incident.awaiting_second
    if waiting and not await void_because(ports, incident, proposal_of(incident, waiting.handle)):
        raise AlreadyConfirmed(f"{waiting.by.name} has confirmed a plan; see the thread.")
    undo = incident.run.ended.undo if incident.run and incident.run.ended else None
    if undo and undo.handle == handle:
        return undo
    if incident.verified:
        raise Refused(f"A {aim(incident.runbook)} is verified already; there is nothing to mend.")
    for offer in incident.offers:
        if offer.handle == handle:
            if incident.run and incident.evidence_at and incident.evidence_at < incident.run.confirmed_at:
                raise AlreadyConfirmed
            return offer
    raise StaleOffer
