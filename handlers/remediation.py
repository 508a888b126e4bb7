"""From a button to a confirmed run: propose the exact plan, confirm it once, approve it, stop it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from handlers.errors import AlreadyConfirmed, Moved, NotAllowed, Refused, StaleOffer, StalePlan, UnknownHandle
from handlers.events import Offer, Person, PlanApproved, PlanConfirmed, PlanProposed, StopAsked
from handlers.incident import Incident
from handlers.permissions import Part
from handlers.plan_validity import why_void
from handlers.ports import Place, Ports
from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import ActionType, Plan


@dataclass(frozen=True)
class Click:
    """A button was clicked: its handle, by whom, on which message."""

    handle: str
    by: Person
    place: Place


async def propose(ports: Ports, click: Click) -> tuple[Incident, PlanProposed]:
    """Draw up the plan behind a button, for the clicker to read.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    while True:
        incident = await _incident_clicked(ports, click)
        offer = _current_offer(incident, click.handle, ports.time.now())
        try:
            return await _propose(ports, incident, offer, click.by)
        except Moved:
            continue


async def propose_again(ports: Ports, submission: Submission) -> tuple[Incident, PlanProposed]:
    """The plan behind a plan that no longer holds, as it is now.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    while True:
        incident = await _incident_submitted(ports, submission)
        offer = _current_offer(incident, _proposal(incident, submission.handle).offer, ports.time.now())
        try:
            return await _propose(ports, incident, offer, submission.by)
        except Moved:
            continue


@dataclass(frozen=True)
class Submission:
    """A modal with a plan was submitted: the plan's handle, by whom, from which app and workspace.

    `shown` is the handle that the modal was opened with: Slack keeps it apart from `handle`.
    """

    handle: str
    by: Person
    app: str
    team: str
    shown: str


async def confirm(ports: Ports, submission: Submission, *, silence_minutes: int = 0) -> Incident:
    """Confirm a plan that was shown: one compare-and-append, so that of two one loses.

    Raises:
        StalePlan: If the plan no longer holds, with the reason.
        Refused: With the sentence that the confirmer gets.
    """
    handle, by = submission.handle, submission.by
    while True:
        incident = await _incident_submitted(ports, submission)
        proposal = _proposal(incident, handle)
        plan = proposal.plan
        await check_person(ports, incident, by, Part.CONFIRM, actions_of(plan))
        if by.id != proposal.by.id:
            raise NotAllowed(f"This plan was shown to {proposal.by.name}; open it yourself to confirm it.")
        _current_offer(incident, proposal.offer, ports.time.now())
        if void := why_void(plan, proposal.at, incident, ports.time.now()):
            raise StalePlan(void)
        second = plan.needs_second or ports.permissions.second_needed(incident.cluster, actions_of(plan))
        confirmed = PlanConfirmed(
            at=ports.time.now(),
            handle=handle,
            plan_sha256=plan.sha256,
            by=by,
            fence=0 if second else await _take_slot(ports, incident),
            second_needed=second,
            silence_minutes=silence_minutes,
        )
        try:
            return await ports.timelines.append(incident, confirmed)
        except Moved:
            continue


async def awaiting(ports: Ports, click: Click) -> tuple[Incident, PlanProposed]:
    """The confirmed plan that a second person is asked to approve, for them to read.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    incident = await _incident_clicked(ports, click)
    proposal = await _check_second(ports, incident, click.handle, click.by)
    return incident, proposal


async def approve(ports: Ports, submission: Submission) -> Incident:
    """Give the second approval; the run begins.

    Raises:
        Refused: With the sentence that the approver gets.
    """
    handle, by = submission.handle, submission.by
    while True:
        incident = await _incident_submitted(ports, submission)
        await _check_second(ports, incident, handle, by)
        fence = await _take_slot(ports, incident)
        try:
            return await ports.timelines.append(
                incident, PlanApproved(at=ports.time.now(), handle=handle, by=by, fence=fence)
            )
        except Moved:
            continue


async def stop(ports: Ports, click: Click) -> Incident:
    """Ask the run to stop before its next node; whoever may confirm may stop.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    while True:
        incident = await _incident_clicked(ports, click)
        running = incident.running
        if running is None or running.handle != click.handle:
            raise StaleOffer("That run is over already.")
        await check_person(ports, incident, click.by, Part.CONFIRM, actions_of(running.plan))
        if running.stop_asked_by:
            return incident
        try:
            return await ports.timelines.append(incident, StopAsked(at=ports.time.now(), by=click.by))
        except Moved:
            continue


async def check_person(
    ports: Ports,
    incident: Incident,
    by: Person,
    part: Part,
    actions: Iterable[ActionType],
    *,
    confirmed_by: str | None = None,
) -> None:
    """Ask who someone is, live, and whether they may.

    Raises:
        NotAllowed: With the reason; also where Slack does not answer.
    """
    member = await ports.directory.member(by)
    why = ports.permissions.ruling(member, part, incident.cluster, actions, confirmed_by=confirmed_by)
    if why:
        raise NotAllowed(why)


def actions_of(plan: Plan) -> tuple[ActionType, ...]:
    """The kinds of action in a plan."""
    return tuple(dict.fromkeys(step.action.type for step in plan.steps))


async def _propose(
    ports: Ports, incident: Incident, offer: Offer, by: Person
) -> tuple[Incident, PlanProposed]:
    await check_person(
        ports, incident, by, Part.PROPOSE, dict.fromkeys(action.type for action in offer.remedy.actions)
    )
    if incident.evidence is None:
        raise StaleOffer
    proposed = PlanProposed(
        at=ports.time.now(),
        handle=secrets.token_urlsafe(16),
        offer=offer.handle,
        plan=RUNBOOKS[incident.runbook].plan(offer.remedy, incident.evidence),
        by=by,
    )
    await ports.timelines.remember_handle(proposed.handle, incident.id)
    return await ports.timelines.append(incident, proposed), proposed


async def _incident_clicked(ports: Ports, click: Click) -> Incident:
    incident = await _incident_of(ports, click.handle)
    if not await ports.threads.is_ours(incident.id, click.place):
        raise UnknownHandle
    return incident


async def _incident_submitted(ports: Ports, submission: Submission) -> Incident:
    incident = await _incident_of(ports, submission.handle)
    if submission.shown != submission.handle or not await ports.threads.is_home(
        incident.id, submission.app, submission.team
    ):
        raise UnknownHandle
    return incident


async def _incident_of(ports: Ports, handle: str) -> Incident:
    incident_id = await ports.timelines.incident_of(handle)
    if incident_id is None:
        raise UnknownHandle
    return await ports.timelines.load(incident_id)


def _proposal(incident: Incident, handle: str) -> PlanProposed:
    proposal = incident.proposals.get(handle)
    if proposal is None:
        raise UnknownHandle
    return proposal


async def _check_second(ports: Ports, incident: Incident, handle: str, by: Person) -> PlanProposed:
    waiting, proposal = incident.awaiting_second, _proposal(incident, handle)
    if waiting is None or waiting.handle != handle:
        raise AlreadyConfirmed("No second approval is asked for here any more.")
    _check_open(incident)
    actions = actions_of(proposal.plan)
    await check_person(ports, incident, by, Part.APPROVE, actions, confirmed_by=waiting.by.id)
    if void := why_void(proposal.plan, proposal.at, incident, ports.time.now()):
        raise StaleOffer(f"{void.split(';')[0].rstrip('.')}: it must be proposed again.")
    return proposal


async def _take_slot(ports: Ports, incident: Incident) -> int:
    """The cluster's one slot for a disruptive run. A slot that a crash left taken is freed."""
    above = await ports.agents.highest_fence(incident.cluster)
    while True:
        taken = await ports.slots.begin(incident.cluster, incident.id, above=above)
        if isinstance(taken, int):
            return taken
        other = await ports.timelines.load(taken)
        if other.running:
            raise AlreadyConfirmed(f"{taken} is acting on {incident.cluster}; one run at a time.")
        await ports.slots.end(incident.cluster, taken)


def _check_open(incident: Incident) -> None:
    if incident.closed:
        raise Refused("This incident is closed.")
    if incident.running:
        raise AlreadyConfirmed(f"{incident.running.confirmed_by.name} has confirmed a plan; it is running.")


def _current_offer(incident: Incident, handle: str, now: datetime) -> Offer:
    """The offer a handle stands for, if it still stands. A plan that waited too long for its second person
    holds nobody up."""
    _check_open(incident)
    waiting = incident.awaiting_second
    proposal = incident.proposals.get(waiting.handle) if waiting else None
    if waiting and proposal and not why_void(proposal.plan, proposal.at, incident, now):
        raise AlreadyConfirmed(f"{waiting.by.name} has confirmed a plan; see the thread.")
    undo = incident.run.ended.undo if incident.run and incident.run.ended else None
    if undo and undo.handle == handle:
        return undo
    if incident.verified:
        raise Refused("A leader is verified already; there is nothing to mend.")
    for offer in incident.offers:
        if offer.handle == handle:
            if incident.run and incident.evidence_at and incident.evidence_at < incident.run.confirmed_at:
                raise AlreadyConfirmed
            return offer
    raise StaleOffer
