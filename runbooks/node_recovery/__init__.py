"""The node-recovery runbook: why a node does not serve, and whether it is on its way back.

A majority goes on without it, so there is time; what must not happen is that a second node goes meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbooks.evidence import Evidence
from runbooks.hand_off import HandOff
from runbooks.model import SURE, CanElect, Diagnosis, Finding, RecoveryNeeds, Verdict
from runbooks.node_recovery.causes import CAUSES as CAUSES
from runbooks.node_recovery.causes import NodeCause
from runbooks.node_recovery.judge import judged
from runbooks.node_recovery.judged import NODE, Judged
from runbooks.node_recovery.members import Members, is_stopped
from runbooks.node_recovery.recovery import is_recovered as is_recovered
from runbooks.node_recovery.recovery import level_within
from runbooks.node_recovery.remedies import REMEDIES as REMEDIES
from runbooks.node_recovery.remedies import plan as plan
from runbooks.node_recovery.remedies import remedy_for
from runbooks.wording import MAX_NAMES, listed, seconds

NAME = "node-recovery"
TITLE = "A node is down"
URL = "https://docs.neumann.io/operations/runbooks/node-recovery"
AIM = "whole cluster"
RECOVERY_NEEDS: RecoveryNeeds = "everything"
ALERTS = frozenset({"NodeDown", "NodeCrashLoops"})

_VERDICT_RANK = {verdict: position for position, verdict in enumerate(Verdict)}
_CAUSE_RANK: dict[str, int] = {cause: position for position, cause in enumerate(NodeCause)}


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    members = Members(evidence)
    ranked = sorted(_findings(members), key=_rank)
    findings = tuple(each.model_copy(update={"remedies": remedy_for(each, members)}) for each in ranked)
    can_elect, reason = _can_elect(members)
    return Diagnosis(
        can_elect=can_elect,
        can_elect_reason=reason,
        leadership=members.gaps.leadership,
        summary=_summary(members, findings),
        findings=findings,
    )


def hand_off(_: Evidence) -> HandOff | None:
    """Return nothing: a majority runs, so nobody has to go on without one."""
    return None


def _can_elect(members: Members) -> tuple[CanElect, str]:
    if members.leader:
        return "yes", f"{members.leader} leads term {members.gaps.leadership.term} with a majority"
    return "undetermined", "this runbook looks at single nodes; `/neumann election status` looks at elections"


def _findings(members: Members) -> Iterator[Finding]:
    if members.leader is None:
        yield _no_leader(members)
        return
    by_cause: dict[NodeCause, dict[str, Judged]] = {}
    for name in members.evidence.names:
        if found := judged(members, name):
            by_cause.setdefault(found.cause, {})[name] = found
    for cause, of_node in by_cause.items():
        yield _joined(cause, of_node)
    if not by_cause:
        yield _all_serve(members)


def _no_leader(members: Members) -> Finding:
    nodes, lead = members.evidence.nodes, members.gaps.leadership
    unread = [node.node for node in nodes if node.newest_metrics is None and not is_stopped(node)]
    down = members.gaps.down
    claim = f"{lead.leader} claims to lead, without a majority" if lead.leader else "no node says it leads"
    return Finding(
        cause=NodeCause.LEADER_FIRST,
        verdict=Verdict.UNDETERMINED if unread else Verdict.CONFIRMED,
        evidence_for=(f"{claim} (bot)", *([f"down: {listed(down, MAX_NAMES)}"] if down else [])),
        would_decide=f"the pages of {listed(unread, MAX_NAMES)}" if unread else None,
    )


def _all_serve(members: Members) -> Finding:
    said = f"{members.leader} leads, and all others follow it, level to within {level_within(members)} (bot)"
    # A node whose log of record is damaged serves until it is restarted; its log alone tells.
    unread = [node.node for node in members.evidence.nodes if node.log.value is None]
    return Finding(
        cause=NodeCause.ALL_SERVE,
        verdict=Verdict.UNDETERMINED if unread else Verdict.CONFIRMED,
        evidence_for=(said,),
        would_decide=f"the log of {listed(unread, MAX_NAMES)}" if unread else None,
    )


def _joined(cause: NodeCause, of_node: dict[str, Judged]) -> Finding:
    """Return one finding for a cause, with the nodes on which it is surest."""
    verdict = min((each.verdict for each in of_node.values()), key=lambda each: _VERDICT_RANK[each])
    nodes = tuple(name for name, each in of_node.items() if each.verdict is verdict)
    lacks: dict[str, list[str]] = {}
    for name in nodes:
        lacks.setdefault(of_node[name].lacks or "", []).append(name)
    return Finding(
        cause=cause,
        verdict=verdict,
        nodes=nodes,
        evidence_for=tuple(
            f"{name}: {'; '.join(of_node[name].because)}" for name in nodes if of_node[name].because
        ),
        would_decide="; ".join(
            what.replace(NODE, listed(names, MAX_NAMES)) for what, names in lacks.items() if what
        )
        or None,
    )


def _rank(finding: Finding) -> tuple[int, int]:
    return _VERDICT_RANK[finding.verdict], _CAUSE_RANK[finding.cause]


def _summary(members: Members, ranked: Sequence[Finding]) -> str:
    """Return what is so, every cause that is sure; where none is, what is open."""
    sure = [each for each in ranked if each.verdict in SURE] or ranked[:1]
    said = "; ".join(_said(each, members) for each in sure)
    begins_with_name = said.startswith(ranked[0].nodes or (" ",))
    return f"{said[:1] if begins_with_name else said[:1].upper()}{said[1:]}."


def _said(finding: Finding, members: Members) -> str:
    said = CAUSES[finding.cause].sentence.format(nodes=listed(finding.nodes, MAX_NAMES))
    if finding.cause == NodeCause.CLOSING_THE_GAP:
        left_s = [gap.closes_in_s or 0.0 for name in finding.nodes if (gap := members.gap(name))]
        return f"{said}, in about {seconds(max(left_s, default=0.0))} at this speed"
    if finding.cause == NodeCause.NODE_NOT_KNOWN:
        return said
    hedge = {Verdict.LIKELY: "probably ", Verdict.UNDETERMINED: "not known whether "}
    return f"{hedge.get(finding.verdict, '')}{said}"
