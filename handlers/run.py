"""A confirmed run, node by node: gate, act once, look whether all is as well as before, go on or stop."""

from __future__ import annotations

import secrets
from datetime import timedelta

from handlers.errors import NotAllowed, SilenceFailed
from handlers.events import (
    ActionFinished,
    ActionStarted,
    NodeChecked,
    Offer,
    RunEnded,
    Silenced,
    SilenceLifted,
)
from handlers.incident import Incident, Run
from handlers.permissions import Part
from handlers.ports import Order, Outcome, Ports, Readiness
from handlers.remediation import actions_of, check_person
from runbooks import node_check, quorum_gate, raft
from runbooks.model import Action, Plan, Remedy

GATE_PATIENCE_S = 20.0
"""How long a node that was just restarted may take to catch up before the run stops."""

CHECK_PATIENCE_S = 45.0
"""How long a node may take to be back, and a cluster to elect, before that counts as worse than before."""

AGAIN_S = 1.0


async def run_action(ports: Ports, incident: Incident, index: int) -> Incident:
    """Carry out one action of the confirmed plan; after a crash, ask before anything is repeated."""
    run = incident.runs[-1]
    order = order_of(incident, run.plan.steps[index].action)
    started = run.actions.get(index)
    outcome = await ports.agents.status(order) if started else None
    if outcome is None:
        outcome = await _still_permitted(ports, incident) or await gate(ports, incident, order.action)
    if outcome is None:
        readiness = await ports.agents.prepare(order)
        refusal = readiness if isinstance(readiness, Outcome) else why_not(run, order.action, readiness)
        if isinstance(readiness, Outcome) or refusal:
            outcome = refusal
        else:
            if not started:
                event = ActionStarted(at=ports.time.now(), index=index, action_id=readiness.action_id)
                incident = await ports.timelines.append(incident, event)
            outcome = await ports.agents.commit(order, readiness)
    assert outcome is not None  # noqa: S101  every way above ends in one
    if started and outcome.state in ("rejected", "not_done"):
        # Another replica may have been granted it meanwhile: the ledger has the last word, not a refusal.
        outcome = await ports.agents.status(order) or outcome
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
        fence=run.fence,
        action=action,
        confirmed_by=run.confirmed_by.id,
        approved_by=run.approved_by.id if run.approved_by else None,
    )


def why_not(run: Run, action: Action, readiness: Readiness) -> Outcome | None:
    """The refusal where the node is not as the plan was drawn up on, or asks for one person more."""
    bound, node = run.plan.bound, action.node
    if bound.boot_ids.get(node, readiness.boot_id) != readiness.boot_id:
        return Outcome("rejected", f"{node} was rebooted since the plan was drawn up.")
    agreed = bound.config_sha256.get(node)
    if action.type == "set_election_timeouts" and agreed not in (None, readiness.config_sha256):
        return Outcome("rejected", f"The configuration of {node} has changed since the plan was drawn up.")
    if readiness.needs_second and run.approved_by is None:
        return Outcome("rejected", f"{node} asks for a second person's approval of this step.")
    return None


async def _still_permitted(ports: Ports, incident: Incident) -> Outcome | None:
    """Asked at the click, and again before each action: who left the group meanwhile stops the run."""
    run = incident.runs[-1]
    actions = actions_of(run.plan)
    try:
        await check_person(ports, incident, run.confirmed_by, Part.CONFIRM, actions)
        if run.approved_by:
            await check_person(
                ports, incident, run.approved_by, Part.APPROVE, actions, confirmed_by=run.confirmed_by.id
            )
    except NotAllowed as error:
        return Outcome("rejected", f"No longer permitted: {error}")
    return None


async def gate(ports: Ports, incident: Incident, action: Action) -> Outcome | None:
    """Before a node is taken out, from a fresh reading: does a majority stay? Waits for one that comes back.

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
        wanted = leader_wanted(run, before.names)
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


def leader_wanted(run: Run, names: tuple[str, ...]) -> bool:
    """Whether a leader must stand by now: where one stood before, or once a majority has the change.

    Timeouts are the exception: without pre-vote one node with the old, short timeout keeps raising the term
    and unseats every candidate, so a leader is demanded only once all have the new ones. An undo is another:
    it goes back to how it was, and that may have been without a leader.
    """
    if run.plan.remedy == "undo":
        return run.plan.bound.leader is not None
    done = [node for node in run.plan.nodes if all(map(run.is_done, run.indexes_of(node)))]
    timeouts = any(step.action.type == "set_election_timeouts" for step in run.plan.steps)
    enough = len(run.plan.nodes) if timeouts else raft.quorum(len(names))
    return run.plan.bound.leader is not None or len(done) >= enough


async def end_run(ports: Ports, incident: Incident) -> Incident:
    """Note how the run ended, what was left undone, and offer to put back what was changed."""
    run = incident.runs[-1]
    await ports.slots.end(incident.cluster, incident.id)
    why = _why_stopped(run)
    if why is None:
        event = RunEnded(at=ports.time.now(), completed=True, detail="Every action is done.")
        return await ports.timelines.append(incident, event)
    begun = [index for index in range(len(run.plan.steps)) if index in run.actions]
    left = len(run.plan.steps) - len(begun)
    if left:
        why += f" {left} further {'action was' if left == 1 else 'actions were'} not begun."
    undo = undo_offer(run)
    if undo:
        await ports.timelines.remember_handle(undo.handle, incident.id)
    event = RunEnded(at=ports.time.now(), completed=False, detail=why, undo=undo)
    return await ports.timelines.append(incident, event)


def _why_stopped(run: Run) -> str | None:
    for index, action in run.actions.items():
        if action.finished and action.finished.state != "done":
            return f"Stopped at {run.plan.steps[index].action.node}: {action.finished.detail.rstrip('.')}."
    for node, check in run.checks.items():
        if check.complaints:
            return f"Stopped after {node}: {'; '.join(check.complaints)}."
    if run.stop_asked_by and not all(map(run.is_done, range(len(run.plan.steps)))):
        return f"Stopped by {run.stop_asked_by.name}."
    return None


def undo_offer(run: Run) -> Offer | None:
    """Put back the files that the run changed, newest first; who restarted with them restarts again."""
    plan: Plan = run.plan
    changed = [
        (run.actions[index].action_id, step.action)
        for index, step in enumerate(plan.steps)
        if step.action.type == "set_election_timeouts" and run.is_done(index)
    ]
    actions = tuple(
        undo
        for action_id, action in reversed(changed)
        for undo in (
            action.model_copy(update={"type": "undo_election_timeouts", "undoes": action_id}),
            Action(type="restart_service", node=action.node),
        )
        if undo.type != "restart_service" or _was_restarted(run, action.node)
    )
    if not actions:
        return None
    nodes = tuple(dict.fromkeys(action.node for action in actions))
    reason = f"The timeouts of {', '.join(nodes)} were changed, those of the others were not."
    return Offer(
        handle=secrets.token_urlsafe(16),
        remedy=Remedy(name="undo", nodes=nodes, actions=actions, offered=True, reason=reason),
    )


def _was_restarted(run: Run, node: str) -> bool:
    restarts = [i for i in run.indexes_of(node) if run.plan.steps[i].action.type == "restart_service"]
    states = [run.actions[i].finished for i in restarts if i in run.actions]
    return any(finished is None or finished.state in ("done", "unknown") for finished in states)


async def silence(ports: Ports, incident: Incident) -> Incident:
    """Keep the incident's alerts silent while the run acts, as was asked with the plan."""
    run = incident.runs[-1]
    ends_at = ports.time.now() + timedelta(minutes=run.silence_minutes)
    silence_id, detail = None, "No Alertmanager is configured, so nothing was silenced."
    if ports.silences:
        try:
            silence_id = await ports.silences.silence(
                incident.firing,
                ends_at,
                run.confirmed_by.name,
                f"neumann-bot {incident.id}: {run.plan.title}",
            )
            detail = f"Alerts of {incident.id} are silent until {ends_at:%H:%M} UTC."
        except SilenceFailed as error:
            detail = str(error)
    event = Silenced(at=ports.time.now(), silence_id=silence_id, ends_at=ends_at, detail=detail)
    return await ports.timelines.append(incident, event)


async def lift_silence(ports: Ports, incident: Incident) -> Incident:
    """End the silence: the leader is verified, or the run failed and people must hear of it."""
    detail = "The silence is lifted."
    if ports.silences and incident.silence and incident.silence.silence_id:
        try:
            await ports.silences.lift(incident.silence.silence_id)
        except SilenceFailed as error:
            detail = f"{error} It ends by itself at {incident.silence.ends_at:%H:%M} UTC."
    return await ports.timelines.append(incident, SilenceLifted(at=ports.time.now(), detail=detail))
