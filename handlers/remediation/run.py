"""Carry out a confirmed run, node by node: gate, act once, check the cluster, go on or stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from handlers.authorization import actions_of, check_person
from handlers.domain.events import ActionFinished, ActionStarted, NodeChecked
from handlers.domain.incident import Incident, Run
from handlers.domain.permissions import PlanPermission
from handlers.errors import NotAllowed
from handlers.ports import Order, Outcome, Ports, Readiness
from handlers.remediation import overtaken
from runbooks import node_check, quorum_gate, raft
from runbooks.model import Action

GATE_PATIENCE_S = 20.0
"""How long a node that was just restarted may take to catch up before the run stops."""

CHECK_PATIENCE_S = 45.0
"""How long a node may take to be back, and a cluster to elect, before that counts as worse than before."""

AGAIN_S = 1.0

CHANGES_CONFIG = frozenset({"set_election_timeouts", "undo_election_timeouts"})
USES_CONFIG = CHANGES_CONFIG | {"restart_service"}
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


async def _grant(ports: Ports, incident: Incident, index: int, order: Order) -> tuple[Incident, Outcome]:
    """Check the gate, prepare, grant. A refusal counts only once no other grant of the same is valid.

    There may be one: from before a crash; from before Redis was put back, so that the timeline has lost it;
    or by another worker, while this one stood still past its lease.
    """
    run = incident.runs[-1]
    may_be_granted = index in run.actions
    incident, outcome = await _why_not_now(ports, incident, order)
    if outcome is None:
        ready = await ports.agents.prepare(order)
        if isinstance(ready, Outcome):
            outcome = ready
            may_be_granted = may_be_granted or ready.state == "rejected"
        elif (outcome := why_not(run, order.action, ready)) is None:
            incident = await _begin(ports, incident, index, order)
            outcome = await ports.agents.commit(order, ready)
            may_be_granted = True
    if may_be_granted and outcome.state not in ("done", "unknown"):
        known = await ports.agents.withdraw(order)
        if known.state != "rejected":
            return await _begin(ports, incident, index, order), known
    return incident, outcome


async def _why_not_now(ports: Ports, incident: Incident, order: Order) -> tuple[Incident, Outcome | None]:
    refused = await _still_permitted(ports, incident)
    if refused is None:
        incident, refused = await overtaken.check(ports, incident)
    return incident, refused or await gate(ports, incident, order.action)


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
    )


def why_not(run: Run, action: Action, readiness: Readiness) -> Outcome | None:
    """Return the refusal where the node differs from the plan, or asks for one person more."""
    bound, node = run.plan.bound, action.node
    if bound.boot_ids.get(node, readiness.boot_id) != readiness.boot_id:
        return Outcome("rejected", f"{node} was rebooted since the plan was drawn up.")
    if action.type in USES_CONFIG and config_agreed(run, node) not in (None, readiness.config_sha256):
        return Outcome("rejected", f"The configuration of {node} has changed since the plan was drawn up.")
    if readiness.needs_second and run.approved_by is None:
        return Outcome("rejected", f"{node} asks for a second person's approval of this step.")
    return None


def config_agreed(run: Run, node: str) -> str | None:
    """Return the SHA-256 of the node's file as this run left it, or else as the plan found it."""
    for index in reversed(run.indexes_of(node)):
        finished = run.actions[index].finished if index in run.actions else None
        if finished and run.is_done(index) and run.plan.steps[index].action.type in CHANGES_CONFIG:
            return finished.config_sha256
    return run.plan.bound.config_sha256.get(node)


async def _still_permitted(ports: Ports, incident: Incident) -> Outcome | None:
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
        return Outcome("rejected", f"No longer permitted: {error}")
    return None


async def gate(ports: Ports, incident: Incident, action: Action) -> Outcome | None:
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
            return Outcome("rejected", why)
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
