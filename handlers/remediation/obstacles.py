"""Find what keeps an action of a confirmed run from being begun."""

from __future__ import annotations

from datetime import timedelta

from handlers.authorization import actions_of, check_person
from handlers.domain.incident import Incident
from handlers.domain.permissions import PlanPermission
from handlers.domain.plan_validity import begin_within
from handlers.domain.run import Run
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import NotAllowed
from handlers.judging import judge
from handlers.ports import NotBegun, Obstacle, Ports, Purpose, Readiness
from handlers.remediation import overtaken
from handlers.remediation.overtaken import Checked
from runbooks.evidence import Evidence
from runbooks.planning import quorum_gate
from runbooks.planning.transfer import why_no_transfer
from runbooks.plans import CHANGES_FILE, Action, ActionType

GATE_PATIENCE_S = 20.0
"""How long a node that was just restarted may take to catch up before the run stops."""

AGAIN_S = 1.0

GATED: frozenset[ActionType] = frozenset({"restart_service", "transfer_leadership"})
"""The actions that a cluster which serves may suffer from: it is read anew right before."""

USES_CONFIG = CHANGES_FILE | {"restart_service"}
"""A restart puts the file into effect, so it must be the very file that was agreed on."""


async def obstacle_before(ports: Ports, incident: Incident, action: Action) -> Checked:
    """Return what the bot itself has against an action, before the node is asked."""
    if obstacle := _outdated(ports, incident) or await _still_permitted(ports, incident):
        return Checked(incident, obstacle)
    incident, overtaken_by = await overtaken.check(ports, incident)
    return Checked(incident, overtaken_by or await gate(ports, incident, action))


def obstacle_on_node(run: Run, action: Action, readiness: Readiness) -> NotBegun | None:
    """Return what speaks against it where the node differs from the plan, or asks for a second person."""
    bound, node = run.plan.bound, action.node
    if bound.boot_ids.get(node, readiness.boot_id) != readiness.boot_id:
        return NotBegun(Obstacle.CHECK, f"{node} was rebooted since the plan was drawn up.")
    if bound.pods.get(node, readiness.pod_uid) != readiness.pod_uid:
        return NotBegun(Obstacle.CHECK, f"The pod of {node} was made anew since the plan was drawn up.")
    if action.type in USES_CONFIG and config_agreed(run, node) not in (None, readiness.config_sha256):
        return NotBegun(
            Obstacle.CHECK, f"The configuration of {node} has changed since the plan was drawn up."
        )
    if action.type == "transfer_leadership" and readiness.term != bound.term:
        return NotBegun(Obstacle.CHECK, f"{node} is not known to lead term {bound.term} still.")
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
        await check_person(
            ports, incident, run.confirmed_by, PlanPermission.CONFIRM, actions, purpose=Purpose.RUN
        )
        if run.approved_by:
            await check_person(
                ports,
                incident,
                run.approved_by,
                PlanPermission.APPROVE,
                actions,
                confirmed_by=run.confirmed_by.id,
                purpose=Purpose.RUN,
            )
    except NotAllowed as error:
        return NotBegun(Obstacle.CHECK, f"No longer permitted: {error}")
    return None


async def gate(ports: Ports, incident: Incident, action: Action) -> NotBegun | None:
    """Check from a fresh reading that a majority stays without a node; wait for one that comes back.

    Returns:
        The refusal, or `None` where the action may go on.
    """
    if action.type not in GATED:
        return None
    until = ports.time.now() + timedelta(seconds=GATE_PATIENCE_S)
    while True:
        read = await ports.reader.read(incident.cluster)
        why = judge(Judgement.QUORUM_GATE, _why_not, read, action)
        if why is None:
            return None
        if ports.time.now() >= until:
            return NotBegun(Obstacle.CHECK, why.sentence if isinstance(why, Undetermined) else why)
        await ports.time.sleep(AGAIN_S)


def _why_not(read: Evidence, action: Action) -> str | None:
    if action.type == "transfer_leadership":
        return why_no_transfer(read, action.node, action.to or "")
    return quorum_gate.why_not(read, action.node)
