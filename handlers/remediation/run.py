"""Carry out a confirmed run, node by node: gate, act once, check the cluster, go on or stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from handlers.authorization import actions_of, check_person
from handlers.domain.events.remediation import ActionFinished, ActionStarted, NodeChecked
from handlers.domain.incident import Incident, Run
from handlers.domain.permissions import PlanPermission
from handlers.domain.plan_validity import begin_within
from handlers.errors import NotAllowed
from handlers.ports import NotBegun, Obstacle, Order, Outcome, Ports, Readiness
from runbooks import node_check, quorum_gate, raft
from runbooks.plans import CHANGES_FILE, Action

GATE_PATIENCE_S = 20.0
"""How long a node that was just restarted may take to catch up before the run stops."""

CHECK_PATIENCE_S = 45.0
"""How long a node may take to be back, and a cluster to elect, before that counts as worse than before."""

AGAIN_S = 1.0

USES_CONFIG = CHANGES_FILE | {"restart_service"}
"""A restart puts the file into effect, so it must be the very file that was agreed on."""


async def run_action(ports: Ports, incident: Incident, index: int) -> Incident:
    """Carry out one action of the confirmed plan; after a crash, ask before anything is repeated."""
    run = incident.runs[-1]
    order = order_of(incident, run.plan.steps[index].action)
    outcome = await ports.agents.status(order) if index in run.actions else None
    if outcome is None:
        incident, outcome = await _grant(ports, incident, index, order)
    return await ports.timelines.append(
        incident,
        ActionFinished(
            at=ports.time.now(),
            index=index,
            state=outcome.state,
            detail=outcome.detail,
            config_sha256=outcome.config_sha256,
        ),
    )


class _Attempt(NamedTuple):
    """The incident after an action was tried, and how it went."""

    incident: Incident
    outcome: Outcome


async def _grant(ports: Ports, incident: Incident, index: int, order: Order) -> _Attempt:
    """Check the gate, prepare, grant. A refusal counts only once no other grant of the same is valid.

    There may be one: from before a crash; from before Redis was put back, so that the timeline has lost it;
    or by another worker, while this one stood still past its lease.
    """
    ready = await _ready(ports, incident, order)
    if isinstance(ready, NotBegun):
        outcome = ready.outcome
        may_be_granted = index in incident.runs[-1].actions or ready.by is Obstacle.NODE
    else:
        incident = await _begin(ports, incident, index, order)
        outcome = await ports.agents.commit(order_of(incident, order.action), ready)
        may_be_granted = True
    if may_be_granted and outcome.state not in ("done", "unknown"):
        known = await ports.agents.withdraw(order)
        if known.state != "rejected":
            return _Attempt(await _begin(ports, incident, index, order), known)
    return _Attempt(incident, outcome)


async def _ready(ports: Ports, incident: Incident, order: Order) -> Readiness | NotBegun:
    """Return the node's readiness, once the bot's own checks have passed before and after it was asked."""
    if (
        obstacle := _outdated(ports, incident)
        or await _still_permitted(ports, incident)
        or await _overtaken(ports, incident)
        or await gate(ports, incident, order.action)
    ):
        return obstacle
    ready = await ports.agents.prepare(order)
    if isinstance(ready, NotBegun):
        return ready
    return why_not(incident.runs[-1], order.action, ready) or ready


async def _begin(ports: Ports, incident: Incident, index: int, order: Order) -> Incident:
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


def why_not(run: Run, action: Action, readiness: Readiness) -> NotBegun | None:
    """Return the refusal where the node differs from the plan, or asks for one person more."""
    bound, node = run.plan.bound, action.node
    if bound.boot_ids.get(node, readiness.boot_id) != readiness.boot_id:
        return NotBegun(Obstacle.CHECK, f"{node} was rebooted since the plan was drawn up.")
    if action.type in USES_CONFIG and config_agreed(run, node) not in (None, readiness.config_sha256):
        return NotBegun(
            Obstacle.CHECK, f"The configuration of {node} has changed since the plan was drawn up."
        )
    if readiness.needs_second and run.approved_by is None:
        return NotBegun(Obstacle.CHECK, f"{node} asks for a second person's approval of this step.")
    return None


def config_agreed(run: Run, node: str) -> str | None:
    """Return the SHA-256 of the node's file as this run left it, or else as the plan found it."""
    for index in reversed(run.indexes_of(node)):
        finished = run.actions[index].finished if index in run.actions else None
        if finished and run.is_done(index) and run.plan.steps[index].action.type in CHANGES_FILE:
            return finished.config_sha256
    return run.plan.bound.config_sha256.get(node)


def _outdated(ports: Ports, incident: Incident) -> NotBegun | None:
    """Return why the confirmation does not count any more, or not here."""
    run = incident.runs[-1]
    if ports.time.now() - run.confirmed_at > begin_within(run):
        return NotBegun(Obstacle.CHECK, "The plan was confirmed too long ago to be gone on with.")
    if run.plan.bound.cluster not in (None, incident.cluster):
        why = f"The plan is for {run.plan.bound.cluster}, not for {incident.cluster}."
        return NotBegun(Obstacle.CHECK, why)
    return None


async def _still_permitted(ports: Ports, incident: Incident) -> NotBegun | None:
    """Check permissions at the click and before each action: who left the group meanwhile stops the run."""
    run = incident.runs[-1]
    actions = actions_of(run.plan)
    try:
        await check_person(ports, incident, run.confirmed_by, PlanPermission.CONFIRM, actions)
        if run.approved_by:
            await check_person(
                ports,
                incident,
                run.approved_by,
                PlanPermission.APPROVE,
                actions,
                confirmed_by=run.confirmed_by.id,
            )
    except NotAllowed as error:
        return NotBegun(Obstacle.CHECK, f"No longer permitted: {error}")
    return None


async def _overtaken(ports: Ports, incident: Incident) -> NotBegun | None:
    """Return why a newer run overtook this one: a restored Redis may bring an older run back."""
    run, seen = incident.runs[-1], await ports.agents.seen_fences(incident.cluster)
    if any(fence is not None and fence > run.fence for fence in seen.values()):
        return NotBegun(Obstacle.CHECK, f"A newer run has acted on {incident.cluster}: this is an older one.")
    silent = ", ".join(name for name, fence in seen.items() if fence is None)
    if silent and incident.proposals[run.handle].life != await ports.timelines.life():
        why = f"Redis has restarted since, and {silent} does not say whether a newer run has acted there."
        return NotBegun(Obstacle.CHECK, why)
    return None


async def gate(ports: Ports, incident: Incident, action: Action) -> NotBegun | None:
    """Check from a fresh reading that a majority stays without a node; wait for one that comes back.

    Returns:
        The refusal, or `None` where the action may go on.
    """
    if action.type != "restart_service":
        return None
    until = ports.time.now() + timedelta(seconds=GATE_PATIENCE_S)
    while True:
        why = quorum_gate.why_not(await ports.reader.read(incident.cluster), action.node)
        if why is None:
            return None
        if ports.time.now() >= until:
            return NotBegun(Obstacle.CHECK, why)
        await ports.time.sleep(AGAIN_S)


async def check_node(ports: Ports, incident: Incident, node: str) -> Incident:
    """Look at the node and the cluster until nothing is worse than before, or patience ends."""
    run, before = incident.runs[-1], incident.evidence
    assert before is not None  # noqa: S101  a plan is drawn up on evidence
    actions = tuple(run.plan.steps[index].action for index in run.indexes_of(node))
    began = ports.time.now()
    while True:
        after = await ports.reader.read(incident.cluster)
        wanted = leader_wanted(incident, before.names)
        found = node_check.complaints(before, after, actions, leader_wanted=wanted)
        waited_s = (ports.time.now() - began).total_seconds()
        if not found or waited_s >= CHECK_PATIENCE_S:
            break
        await ports.time.sleep(AGAIN_S)
    lead = node_check.leadership(after)
    checked = NodeChecked(
        at=ports.time.now(),
        node=node,
        complaints=found,
        leader=lead.leader if lead.majority else None,
        waited_s=waited_s,
    )
    return await ports.timelines.append(incident, checked)


def leader_wanted(incident: Incident, names: tuple[str, ...]) -> bool:
    """Return whether a leader must stand by now: one stood before, or a majority has the change.

    Timeouts are the exception: without pre-vote one node with the old, short timeout keeps raising the term
    and unseats every candidate, so a leader is demanded only once all have the new ones. An undo is another:
    it goes back to how it was, and that may have been without a leader.
    """
    run = incident.runs[-1]
    if run.plan.remedy == "undo":
        return _undone(incident.runs).plan.bound.leader is not None
    done = [node for node in run.plan.nodes if all(map(run.is_done, run.indexes_of(node)))]
    timeouts = any(step.action.type == "set_election_timeouts" for step in run.plan.steps)
    enough = len(run.plan.nodes) if timeouts else raft.quorum(len(names))
    return run.plan.bound.leader is not None or len(done) >= enough


def _undone(runs: Sequence[Run]) -> Run:
    """Return the run that the newest one puts back; undoing an unfinished undo puts back the same."""
    return next((run for run in reversed(runs[:-1]) if run.plan.remedy != "undo"), runs[-1])
