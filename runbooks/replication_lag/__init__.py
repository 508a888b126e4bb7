"""The replication-lag runbook: which node is behind, by how much, why, and whether the gap closes.

Neumann's alert compares two indexes of one node, so it sees what is received and not applied. A node that
receives nothing is not behind by that measure; this runbook holds every node against the leader as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.gaps import Gap, Gaps
from runbooks.hand_off import HandOff
from runbooks.model import SURE, CanElect, Diagnosis, Finding, RecoveryNeeds, Verdict
from runbooks.replication_lag.causes import CAUSES as CAUSES
from runbooks.replication_lag.causes import LagCause
from runbooks.replication_lag.explanations import Explanation, explanations
from runbooks.replication_lag.recovery import is_recovered as is_recovered
from runbooks.replication_lag.remedies import REMEDIES as REMEDIES
from runbooks.replication_lag.remedies import plan as plan
from runbooks.replication_lag.remedies import remedy_for
from runbooks.wording import MAX_NAMES, listed

NAME = "replication-lag"
TITLE = "A node is behind"
URL = "https://docs.neumann.io/operations/runbooks/node-recovery"
AIM = "caught-up cluster"
RECOVERY_NEEDS: RecoveryNeeds = "metrics"
ALERTS = frozenset({"HighReplicationLag"})

_VERDICT_RANK = {verdict: position for position, verdict in enumerate(Verdict)}
_CAUSE_RANK: dict[str, int] = {cause: position for position, cause in enumerate(LagCause)}


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    gaps = Gaps(evidence)
    ranked = sorted(_findings(gaps), key=_rank)
    findings = tuple(each.model_copy(update={"remedies": remedy_for(each, gaps, ranked)}) for each in ranked)
    can_elect, reason = _can_elect(gaps)
    return Diagnosis(
        can_elect=can_elect,
        can_elect_reason=reason,
        leadership=gaps.leadership,
        summary=_summary(gaps, findings),
        findings=findings,
    )


def hand_off(_: Evidence) -> HandOff | None:
    """Return nothing: a majority runs, so nobody has to go on without one."""
    return None


def _can_elect(gaps: Gaps) -> tuple[CanElect, str]:
    if gaps.leader:
        return "yes", f"{gaps.leader} leads term {gaps.leadership.term} with a majority"
    return "undetermined", "this runbook looks at lag; `/neumann election status` looks at elections"


def _findings(gaps: Gaps) -> Iterator[Finding]:
    if gaps.leader is None:
        yield _no_leader(gaps)
    elif not gaps.behind:
        yield _nobody_behind(gaps)
    else:
        yield from _judged(gaps)


def _no_leader(gaps: Gaps) -> Finding:
    unread = [node.node for node in gaps.evidence.nodes if node.newest_metrics is None]
    before = raft.leadership({node.node: node.metrics.value for node in gaps.evidence.nodes})
    lacks = f"the metrics of {listed(unread, MAX_NAMES)}" if unread else None
    if before.claimed_by and not gaps.leadership.claimed_by:
        lacks = lacks or f"another look: {listed(before.claimed_by)} led a moment before"
    lead = gaps.leadership
    claim = f"{lead.leader} claims to lead, without a majority" if lead.leader else "no node says it leads"
    return Finding(
        cause=LagCause.NO_LEADER,
        verdict=Verdict.UNDETERMINED if lacks else Verdict.CONFIRMED,
        evidence_for=(f"{claim} (bot)",),
        would_decide=lacks,
    )


def _nobody_behind(gaps: Gaps) -> Finding:
    read = [f"{name} is {gap.entries} behind" for name, gap in gaps.of.items() if name != gaps.leader]
    down = [f"{name} is down, and falls behind until it is back" for name in gaps.down]
    return Finding(
        cause=LagCause.LAG_OVER,
        verdict=Verdict.UNDETERMINED if gaps.unread else Verdict.CONFIRMED,
        evidence_for=(f"{listed(read, MAX_NAMES)} {gaps.leader} (bot)",) if read else (),
        evidence_against=tuple(down),
        would_decide=f"the indexes of {listed(gaps.unread, MAX_NAMES)}" if gaps.unread else None,
    )


def _judged(gaps: Gaps) -> Iterator[Finding]:
    """Yield a finding for each cause that was judged on a node that is behind."""
    by_cause: dict[LagCause, dict[str, Explanation]] = {}
    for name in gaps.behind:
        judged = list(explanations(gaps, name))
        if not any(each.verdict in SURE for each in judged):
            by_cause.setdefault(LagCause.LAG_UNEXPLAINED, {})[name] = _unexplained(judged)
        for each in judged:
            by_cause.setdefault(each.cause, {})[name] = each
    for cause, of_node in by_cause.items():
        yield _joined(gaps, cause, of_node)


def _unexplained(judged: Sequence[Explanation]) -> Explanation:
    lacks = dict.fromkeys(each.lacks for each in judged if each.lacks)
    return Explanation(
        LagCause.LAG_UNEXPLAINED, Verdict.UNDETERMINED, lacks="; ".join(filter(None, lacks)) or None
    )


def _joined(gaps: Gaps, cause: LagCause, of_node: dict[str, Explanation]) -> Finding:
    """Return one finding for a cause, with the nodes on which it is surest."""
    verdict = min((each.verdict for each in of_node.values()), key=lambda each: _VERDICT_RANK[each])
    nodes = tuple(name for name, each in of_node.items() if each.verdict is verdict)
    chosen = [of_node[name] for name in nodes]
    lags = [_said(gaps, gaps.of[name]) for name in nodes] if verdict is not Verdict.RULED_OUT else []
    seen = [f"{name}: {'; '.join(of_node[name].because)}" for name in nodes if of_node[name].because]
    lacks = dict.fromkeys(each.lacks for each in chosen if each.lacks)
    return Finding(
        cause=cause,
        verdict=verdict,
        nodes=() if verdict is Verdict.RULED_OUT else nodes,
        evidence_for=(*lags, *seen),
        evidence_against=tuple(dict.fromkeys(line for each in chosen for line in each.against)),
        would_decide="; ".join(filter(None, lacks)) or None,
    )


def _said(gaps: Gaps, gap: Gap) -> str:
    if gap.node == gaps.leader:
        return f"{gap.node}, the leader, has {gap.unapplied} entries to apply (bot)"
    return (
        f"{gap.node} is {gap.entries} entries behind {gaps.leader}: {gap.missing} not known as committed,"
        f" {gap.unapplied} not applied (bot)"
    )


def _rank(finding: Finding) -> tuple[int, int]:
    # That nothing explains a node's lag says that nothing else is sure of it: above what is only possible.
    first = finding.cause == LagCause.LAG_UNEXPLAINED
    verdict = _VERDICT_RANK[Verdict.LIKELY] if first else _VERDICT_RANK[finding.verdict]
    return verdict, _CAUSE_RANK[finding.cause]


def _summary(gaps: Gaps, ranked: Sequence[Finding]) -> str:
    top = ranked[0]
    said = CAUSES[top.cause].sentence
    if not gaps.behind:
        return f"{'Not known' if top.verdict is Verdict.UNDETERMINED else 'Read'}: {said}."
    names = top.nodes or gaps.behind
    most = max(gaps.of[name].entries for name in names)
    far = f"{most} entries behind" if len(names) == 1 else f"up to {most} entries behind"
    hedge = {Verdict.LIKELY: "probably ", Verdict.POSSIBLE: "perhaps "}.get(top.verdict, "")
    return f"{listed(names, MAX_NAMES)} {'is' if len(names) == 1 else 'are'} {far}: {hedge}{said}."
