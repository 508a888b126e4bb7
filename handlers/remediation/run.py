"""Carry out an action of a confirmed run, once."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from handlers.domain.events.remediation import ActionFinished, ActionStarted
from handlers.domain.incident import Incident
from handlers.ports import NotBegun, Obstacle, Order, Outcome, Ports, Readiness
from handlers.remediation.new_leader import with_new_leader
from handlers.remediation.obstacles import obstacle_before, obstacle_on_node
from runbooks.plans import CHANGES_FILE, Action


async def run_action(ports: Ports, incident: Incident, index: int) -> Incident:
    """Carry out one action of the confirmed plan; after a crash, ask before anything is repeated."""
    run = incident.runs[-1]
    order = order_of(incident, run.plan.steps[index].action)
    outcome = await ports.agents.status(order) if index in run.actions else None
    if outcome is None:
        incident, outcome = await _grant(ports, incident, index, order)
    outcome = await with_new_leader(ports, incident.cluster, order.action, outcome)
    return await record(ports, incident, index, outcome)


async def record(ports: Ports, incident: Incident, index: int, outcome: Outcome) -> Incident:
    """Record how an action went."""
    finished = ActionFinished(
        at=ports.time.now(),
        index=index,
        state=outcome.state,
        detail=outcome.detail,
        config_sha256=outcome.config_sha256,
    )
    return await ports.timelines.append(incident, finished)


class _Attempt(NamedTuple):
    """The incident after an action was tried, and how it went."""

    incident: Incident
    outcome: Outcome


async def _grant(ports: Ports, incident: Incident, index: int, order: Order) -> _Attempt:
    """Check the gate, prepare, grant. A refusal counts only once no other grant of the same is valid.

    There may be one: from before a crash; from before Redis was put back, so that the timeline has lost it;
    or by another worker, while this one stood still past its lease.
    """
    incident, ready = await _ready(ports, incident, order)
    if isinstance(ready, NotBegun):
        outcome = ready.outcome
        may_be_granted = index in incident.runs[-1].actions or ready.by is Obstacle.NODE
    else:
        incident = await begin(ports, incident, index, order)
        outcome = await ports.agents.commit(order_of(incident, order.action), ready)
        may_be_granted = True
    if may_be_granted and outcome.state not in ("done", "unknown"):
        known = await ports.agents.withdraw(order)
        if known.state != "rejected":
            return _Attempt(await begin(ports, incident, index, order), known)
    return _Attempt(incident, outcome)


class _Answer(NamedTuple):
    incident: Incident
    ready: Readiness | NotBegun


async def _ready(ports: Ports, incident: Incident, order: Order) -> _Answer:
    """Return the node's readiness, once the bot's own checks have passed before and after it was asked."""
    incident, obstacle = await obstacle_before(ports, incident, order.action)
    if obstacle:
        return _Answer(incident, obstacle)
    ready = await _close_earlier_attempt(ports, order) or await ports.agents.prepare(order)
    if isinstance(ready, NotBegun):
        return _Answer(incident, ready)
    return _Answer(incident, obstacle_on_node(incident.runs[-1], order.action, ready) or ready)


async def _close_earlier_attempt(ports: Ports, order: Order) -> NotBegun | None:
    """Have the ledger close the attempt to undo before this one: its agent may have been silent then."""
    if order.action.attempt == 1:
        return None
    earlier = order.action.model_copy(update={"attempt": order.action.attempt - 1})
    known = await ports.agents.withdraw(replace(order, action=earlier))
    return NotBegun(Obstacle.NODE, "The file was put back already.") if known.state == "done" else None


async def begin(ports: Ports, incident: Incident, index: int, order: Order) -> Incident:
    """Record that the action may have its effect from here on."""
    if index in incident.runs[-1].actions:
        return incident
    name = ports.agents.action_id(order)
    return await ports.timelines.append(
        incident, ActionStarted(at=ports.time.now(), index=index, action_id=name)
    )


def order_of(incident: Incident, action: Action) -> Order:
    """Return the order the newest run gives a node: the same words give the same action's name."""
    run = incident.runs[-1]
    return Order(
        cluster=incident.cluster,
        incident=incident.id,
        generation=run.generation,
        fence=run.fence,
        action=action,
        confirmed_by=run.confirmed_by.id,
        approved_by=run.approved_by.id if run.approved_by else None,
        after_sha256=run.plan.bound.after_sha256.get(action.node) if action.type in CHANGES_FILE else None,
        position=incident.position,
        mac=incident.mac,
    )
