"""The leader-election runbook: why a cluster has no leader, and what may be done about it.

First, is there a leader after all? Then, could anybody be elected, and if not, which causes together keep
it so? Only where somebody could: why does no leader last? What none of this explains is said to be so.
"""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.leader_election.causes import CAUSES as CAUSES
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.churn import churn_findings
from runbooks.leader_election.disaster import hand_off as hand_off
from runbooks.leader_election.disaster import lost_nodes
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.leaders import commits, leader_finding, leads_a_majority, may_lead
from runbooks.leader_election.oddities import none_known
from runbooks.leader_election.plan import plan as plan
from runbooks.leader_election.recovery import is_recovered as is_recovered
from runbooks.leader_election.remedies import remedy_for
from runbooks.leader_election.remedy_kinds import REMEDIES as REMEDIES
from runbooks.leader_election.ruled_out import history_findings, not_found
from runbooks.leader_election.sentences import can_elect_reason, summary
from runbooks.leader_election.structure import CUTS, Structure
from runbooks.model import SURE, CanElect, Diagnosis, Finding, RecoveryNeeds, Verdict

NAME = "leader-election"
TITLE = "Leader election failures"
URL = "https://docs.neumann.io/operations/runbooks/leader-election"
AIM = "leader"
RECOVERY_NEEDS: RecoveryNeeds = "metrics"
ALERTS = frozenset({"NoLeader", "ElectionStorm"})

ALWAYS_JUDGED = (RootCause.QUORUM_LOSS, RootCause.NETWORK_PARTITION, RootCause.CLOCK_SKEW)
"""Causes from Neumann's own runbook, judged even where nothing was seen of them."""

LED = (RootCause.ALERT_STALE, RootCause.MONITORING_BLIND)
"""What is found where somebody leads, whether a majority's acknowledgement was read or not."""

VERDICT_RANK = {verdict: position for position, verdict in enumerate(Verdict)}
CAUSE_RANK: dict[str, int] = {cause: position for position, cause in enumerate(RootCause)}


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    facts = Facts(evidence)
    structure = Structure(facts)
    leader = None if _cannot_write(facts, structure) else leader_finding(facts)
    findings = _findings(facts, structure, leader)
    ranked = tuple(
        finding.model_copy(update={"remedies": remedy_for(finding, facts, structure)})
        for finding in sorted(findings, key=_rank)
    )
    can_elect = _can_elect(structure, leader, ranked[0])
    return Diagnosis(
        can_elect=can_elect,
        can_elect_reason=can_elect_reason(facts, can_elect, leader),
        leadership=facts.leadership,
        summary=summary(facts, structure, ranked, can_elect),
        findings=ranked,
        lost=() if leader else lost_nodes(facts),
    )


def _can_elect(structure: Structure, leader: Finding | None, top: Finding) -> CanElect:
    """Return whether the cluster can elect; where somebody leads with a majority it can, for it has.

    A cluster without a leader, in which nothing known is borne out for certain and something that could be
    was not read, is not taken for one that can.
    """
    if leader and leads_a_majority(structure.facts):
        return "yes"
    if leader and leader.cause in LED and structure.can_elect == "no":
        return "undetermined"  # somebody leads, so what seems to keep the votes away does not, or not all
    if structure.can_elect == "yes" and top.verdict is not Verdict.CONFIRMED and structure.hides_a_cause:
        return "undetermined"
    return structure.can_elect


def _findings(facts: Facts, structure: Structure, leader: Finding | None) -> list[Finding]:
    churn = list(churn_findings(facts, structure))
    half_cut = any(finding.cause == RootCause.PARTIAL_PARTITION for finding in churn)
    found = [f for f in structure.findings() if not (half_cut and f.cause in CUTS)] + churn
    if leader:
        found = [leader, *(_in_spite_of_a_leader(finding) for finding in found)]
    elif not any(finding.verdict in SURE for finding in found):
        found = [_likely_if_seen(finding, structure) for finding in found]
        if not any(finding.verdict in SURE for finding in found):
            found.append(none_known(facts, structure, found))
    seen = {finding.cause for finding in found}
    if (
        RootCause.EVEN_SPLIT in seen
        or RootCause.ASYMMETRIC_PARTITION in seen
        or RootCause.PARTIAL_PARTITION in seen
    ):
        seen.add(RootCause.NETWORK_PARTITION)
    found += [not_found(cause, facts, structure) for cause in ALWAYS_JUDGED if cause not in seen]
    found += history_findings(facts, seen)
    return found


def _cannot_write(facts: Facts, structure: Structure) -> bool:
    """Return whether full disks keep the leader from committing: it leads nobody, whatever its page says."""
    full = structure.verdicts.get(RootCause.STORAGE_FULL) in SURE
    return full and not any(commits(facts, name) for name in facts.names)


def _in_spite_of_a_leader(finding: Finding) -> Finding:
    """Return the finding as possible at most: while somebody leads, it is not why nobody does."""
    if finding.verdict not in SURE:
        return finding
    against = (*finding.evidence_against, "a leader is there in spite of it")
    return finding.model_copy(update={"verdict": Verdict.POSSIBLE, "evidence_against": against})


def _likely_if_seen(finding: Finding, structure: Structure) -> Finding:
    """Return as likely what was seen and explains it together with what was not read.

    Where a node that was not read may lead, there may be nothing to explain.
    """
    if finding.verdict is not Verdict.UNDETERMINED or may_lead(structure.facts):
        return finding
    if not structure.is_well_seen(finding.cause):
        return finding
    return finding.model_copy(update={"verdict": Verdict.LIKELY})


def _rank(finding: Finding) -> tuple[int, int]:
    # "None of the known" says that nothing else is sure: it stands above what is only possible.
    first = finding.cause == RootCause.NONE_KNOWN
    verdict = VERDICT_RANK[Verdict.LIKELY] if first else VERDICT_RANK[finding.verdict]
    return verdict, CAUSE_RANK[finding.cause]
