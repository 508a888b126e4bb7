"""What a bot may do here: start one node, or restart one that hangs, while a leader and a majority stay."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.evidence import Evidence
from runbooks.log_room import lacks_room
from runbooks.model import BY_HAND, Finding, Remedy, RemedyKind, Verdict
from runbooks.node_recovery.causes import CAUSES, NodeCause
from runbooks.node_recovery.members import Members
from runbooks.planning.service_remedies import service_plan, service_remedy, why_held, why_no_restart
from runbooks.plans import Plan
from runbooks.wording import listed

START_ONE, RESTART_HUNG = "start_one_node", "restart_hung_node"
STABLE_S = 60.0
"""A process that crashes is known to by its restarts in the first minute; one that outlives it stays."""

_ROWS = (
    RemedyKind(
        START_ONE,
        button="Start the stopped node",
        title="Start the stopped node",
        risk="It replays its log and catches up; a large log takes minutes. Nodes that run are not touched.",
        undo="By hand: stop the node again; the bot stops none.",
        check="The service is still stopped.",
    ),
    RemedyKind(
        RESTART_HUNG,
        button="Restart the hung node",
        title="Restart the hung node",
        risk="What hung is lost for the search of its cause: take a core first (`gcore PID`).",
        undo="A restart is not undone.",
        check="A majority stays connected and caught up without the node, and it is not the leader.",
    ),
)
REMEDIES: Mapping[str, RemedyKind] = {row.name: row for row in _ROWS}


def remedy_for(finding: Finding, members: Members) -> tuple[Remedy, ...]:
    """Return the remedies that belong to a finding."""
    if finding.cause == NodeCause.NODE_STOPPED:
        return (_start(finding, members),)
    if finding.cause == NodeCause.NODE_HANGS:
        return (_restart(finding, members),)
    by_hand = CAUSES[finding.cause].by_hand
    return (Remedy(name=BY_HAND, nodes=finding.nodes, offered=False, reason=by_hand),) if by_hand else ()


def _start(finding: Finding, members: Members) -> Remedy:
    """Return the start of one node: where several stopped, the next is offered once this one serves."""
    name, *others = finding.nodes
    services = [service for node in finding.nodes if (service := members.evidence.node(node).service.value)]
    refused = why_held(services)
    if finding.verdict is not Verdict.CONFIRMED:
        refused = f"It is not confirmed that {name} stopped and could be started."
    then = f" {listed(others)} next, once it serves." if others else ""
    reason = f"{name} stopped; if somebody stopped it on purpose, ask first.{then}"
    return service_remedy(START_ONE, (name,), reason, refused, moves="start_service")


def _restart(finding: Finding, members: Members) -> Remedy:
    name = finding.nodes[0]
    refused = why_no_restart(members.evidence, name)
    disk = members.evidence.node(name)
    if disk.disk.value is None or lacks_room(disk):
        refused = f"The disk of {name} is not known to have room: without it the node would not come back."
    if len(finding.nodes) > 1:
        refused = "Several hang at once: look for what they have in common, such as their storage."
    if finding.verdict is not Verdict.CONFIRMED:
        refused = f"It is not confirmed that {name} hangs."
    return service_remedy(RESTART_HUNG, (name,), f"{name} runs and answers nobody.", refused)


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered remedy from the evidence that it was offered on."""
    return service_plan(
        REMEDIES[remedy.name],
        remedy,
        evidence,
        effect="replays its log and catches up with the leader",
        watch_after=f"Every node serves, follows the leader and is level with it, for {STABLE_S:.0f} s.",
        stable_s=STABLE_S,
    )
