"""From a button to a confirmed run: propose the exact plan, confirm it once, carry it out node by node."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from handlers import policy
from handlers.errors import AlreadyConfirmed, Moved, NotAllowed, Refused, StaleOffer, UnknownHandle
from handlers.events import (
    ActionFinished,
    ActionStarted,
    Offer,
    Person,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
)
from handlers.incident import Incident
from handlers.ports import Order, Outcome, Ports
from runbooks import raft
from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import Action

CONFIRM_WITHIN = timedelta(minutes=10)
"""How long a plan that was shown may be confirmed: long enough to read, short enough to be true."""

GATE_PATIENCE_S = 20.0
"""How long a node that was just restarted may take to answer before the run stops."""


@dataclass(frozen=True)
class Click:
    """A button was clicked: its handle, by whom, on which message."""

    handle: str
    by: Person
    channel: str
    message_ts: str


async def propose(ports: Ports, click: Click) -> tuple[Incident, PlanProposed]:
    """Draw up the plan behind a button, for the clicker to read.

    Raises:
        Refused: With the sentence that the clicker gets.
    """
    while True:
        incident = await _incident_of(ports, click.handle)
        if not await ports.threads.is_ours(incident.id, click.channel, click.message_ts):
            raise UnknownHandle
        await _check_person(ports, incident, click.by)
        offer = _current_offer(incident, click.handle)
        if incident.evidence is None:
            raise StaleOffer
        proposed = PlanProposed(
            at=ports.time.now(),
            handle=secrets.token_urlsafe(16),
            offer=offer.handle,
            plan=RUNBOOKS[incident.runbook].plan(offer.remedy, incident.evidence),
            by=click.by,
        )
        await ports.timelines.remember_handle(proposed.handle, incident.id)
        try:
            return await ports.timelines.append(incident, proposed), proposed
        except Moved:
            continue


async def confirm(ports: Ports, handle: str, by: Person) -> Incident:
    """Confirm a plan that was shown: one compare-and-append, so that of two one loses.

    Raises:
        Refused: With the sentence that the confirmer gets.
    """
    while True:
        incident = await _incident_of(ports, handle)
        await _check_person(ports, incident, by)
        proposal = incident.proposals.get(handle)
        if proposal is None:
            raise UnknownHandle
        _current_offer(incident, proposal.offer)
        if ports.time.now() - proposal.at > CONFIRM_WITHIN:
            raise StaleOffer("This plan is older than ten minutes: open it again to see it as it is now.")
        confirmed = PlanConfirmed(at=ports.time.now(), handle=handle, plan_sha256=proposal.plan.sha256, by=by)
        try:
            return await ports.timelines.append(incident, confirmed)
        except Moved:
            continue


async def _incident_of(ports: Ports, handle: str) -> Incident:
    incident_id = await ports.timelines.incident_of(handle)
    if incident_id is None:
        raise UnknownHandle
    return await ports.timelines.load(incident_id)


async def _check_person(ports: Ports, incident: Incident, by: Person) -> None:
    member = await ports.directory.member(by)
    ruling = policy.may_act(member, ports.confirm_groups.get(incident.cluster, ()))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(ruling.value)


def _current_offer(incident: Incident, handle: str) -> Offer:
    """The offer a handle stands for, if it still stands."""
    if incident.closed:
        raise Refused("This incident is closed.")
    if incident.running:
        raise AlreadyConfirmed(f"{incident.running.confirmed_by.name} has confirmed a plan; it is running.")
    if incident.verified:
        raise Refused("A leader is verified already; there is nothing to mend.")
    for offer in incident.offers:
        if offer.handle == handle:
            if incident.run and incident.evidence_at and incident.evidence_at < incident.run.confirmed_at:
                raise AlreadyConfirmed
            return offer
    raise StaleOffer


async def run_action(ports: Ports, incident: Incident, index: int) -> Incident:
    """Carry out one action of the confirmed plan; after a crash, ask before anything is repeated."""
    run = incident.runs[-1]
    order = order_of(incident, run.plan.steps[index].action)
    started = run.actions.get(index)
    outcome = await ports.agents.status(order) if started else None
    if outcome is None:
        outcome = await gate(ports, incident.cluster, order.action)
    if outcome is None:
        readiness = await ports.agents.prepare(order)
        if isinstance(readiness, Outcome):
            outcome = readiness
        else:
            if not started:
                event = ActionStarted(at=ports.time.now(), index=index, action_id=readiness.action_id)
                incident = await ports.timelines.append(incident, event)
            outcome = await ports.agents.commit(order, readiness)
    return await ports.timelines.append(
        incident,
        ActionFinished(at=ports.time.now(), index=index, state=outcome.state, detail=outcome.detail),
    )


def order_of(incident: Incident, action: Action) -> Order:
    """What the newest run asks of a node: the same words give the same action's name."""
    run = incident.runs[-1]
    return Order(
        cluster=incident.cluster,
        incident=incident.id,
        generation=run.generation,
        action=action,
        confirmed_by=run.confirmed_by.id,
    )


async def gate(ports: Ports, cluster: str, action: Action) -> Outcome | None:
    """Before a node is taken out: do enough others run? Waits a little for one that is coming back.

    Returns:
        The refusal, or `None` where the action may go on.
    """
    if action.type != "restart_service":
        return None
    waited_s = 0.0
    while True:
        answers = await ports.reader.look(cluster)
        others = [name for name, metrics in answers.items() if metrics is not None and name != action.node]
        needed = raft.quorum(len(answers))
        if len(others) >= needed:
            return None
        if waited_s >= GATE_PATIENCE_S:
            return Outcome(
                "rejected",
                f"Restarting {action.node} would leave {len(others)} nodes running, {needed} are needed.",
            )
        await ports.time.sleep(0.5)
        waited_s += 0.5


async def end_run(ports: Ports, incident: Incident) -> Incident:
    """Note how the run ended, and what was left undone."""
    run = incident.runs[-1]
    undone = [
        (index, action)
        for index, action in run.actions.items()
        if action.finished and action.finished.state != "done"
    ]
    if not undone:
        event = RunEnded(at=ports.time.now(), completed=True, detail="Every action is done.")
        return await ports.timelines.append(incident, event)
    index, action = undone[0]
    step = run.plan.steps[index].action
    left = len(run.plan.steps) - index - 1
    detail = f"Stopped at {step.node}: {action.finished.detail if action.finished else ''}"
    if left:
        detail += f" {left} further {'action was' if left == 1 else 'actions were'} not begun."
    return await ports.timelines.append(
        incident, RunEnded(at=ports.time.now(), completed=False, detail=detail)
    )
