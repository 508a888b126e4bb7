"""Check a node and its cluster after the node was acted on."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.domain.events.remediation import NodeChecked
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Moved
from handlers.judging import judge
from handlers.ports import Ports
from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.model import Leadership
from runbooks.planning import node_check

CHECK_PATIENCE_S = 45.0
"""How long a node may take to be back, and a cluster to elect, before that counts as worse than before."""

ELECTIONS = 4
"""How many of the longest new election timeouts it may take: over slow links some elections are split."""

AGAIN_S = 1.0


async def check_node(ports: Ports, incident: Incident, node: str) -> Incident:
    """Look at the node and the cluster until nothing is worse than before, or patience ends.

    Patience begins with the end of the node's last action: what comes into the timeline meanwhile, or another
    replica that takes over, does not begin it anew.
    """
    run, before = incident.runs[-1], incident.evidence
    assert before is not None  # noqa: S101  a plan is drawn up on evidence
    actions = tuple(run.plan.steps[index].action for index in run.indexes_of(node))
    acted_at = max(done.at for index in run.indexes_of(node) if (done := run.actions[index].finished))
    while True:
        after = await ports.reader.read(incident.cluster)
        wanted = leader_wanted(incident, before)
        said = judge(
            Judgement.NODE_CHECK, node_check.complaints, before, after, actions, leader_wanted=wanted
        )
        found = (said.sentence,) if isinstance(said, Undetermined) else said
        waited_s = max(0.0, (ports.time.now() - acted_at).total_seconds())
        if not found:
            break
        lacks_leader = wanted and not judge(
            Judgement.NODE_CHECK, node_check.complaints, before, after, actions, leader_wanted=False
        )
        if waited_s >= (_elections_s(run) if lacks_leader else CHECK_PATIENCE_S):
            break
        await ports.time.sleep(AGAIN_S)
    lead = judge(Judgement.NODE_CHECK, node_check.leadership, after)
    checked = NodeChecked(
        at=ports.time.now(),
        node=node,
        complaints=found,
        leader=lead.leader if isinstance(lead, Leadership) and lead.majority else None,
        waited_s=waited_s,
    )
    return await _record(ports, incident, checked)


def _elections_s(run: Run) -> float:
    """Return for how long a cluster that lacks a leader alone is given: as elections take it now."""
    longest_ms = max(step.action.election_timeout_max_ms or 0 for step in run.plan.steps)
    return max(CHECK_PATIENCE_S, ELECTIONS * longest_ms / 1000)


async def _record(ports: Ports, incident: Incident, checked: NodeChecked) -> Incident:
    """Append the check; an alert that came meanwhile does not make it worthless."""
    while True:
        try:
            return await ports.timelines.append(incident, checked)
        except Moved:
            moved = await ports.timelines.load(incident.id)
            is_same_run = moved.running and moved.running.fence == incident.runs[-1].fence
            if not is_same_run or moved.went_back or checked.node in moved.runs[-1].checks:
                raise
            incident = moved


def leader_wanted(incident: Incident, before: Evidence) -> bool:
    """Return whether a leader must stand by now: one stood before, or a majority has the change.

    One that the readings before caught for a moment, as elections that never end make them, did not stand.

    Timeouts are the exception: without pre-vote one node with the old, short timeout keeps raising the term
    and unseats every candidate, so a leader is demanded only once all have the new ones. An undo is another:
    it goes back to how it was, and that may have been without a leader.
    """
    run = incident.runs[-1]
    stood = node_check.leads_steadily(before)
    if run.plan.remedy == "undo":
        return stood and _undone(incident.runs).plan.bound.leader is not None
    done = [node for node in run.plan.nodes if all(map(run.is_done, run.indexes_of(node)))]
    timeouts = any(step.action.type == "set_election_timeouts" for step in run.plan.steps)
    enough = len(run.plan.nodes) if timeouts else raft.quorum(len(before.names))
    return (stood and run.plan.bound.leader is not None) or len(done) >= enough


def _undone(runs: Sequence[Run]) -> Run:
    """Return the run that the newest one puts back; undoing an unfinished undo puts back the same."""
    return next((run for run in reversed(runs[:-1]) if run.plan.remedy != "undo"), runs[-1])
