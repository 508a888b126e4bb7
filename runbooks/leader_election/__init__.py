"""The leader-election runbook: why does this cluster have no leader, and what may be done about it?"""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.leader_election import aggressive_timeouts, clock_skew, network_partition, quorum_loss
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.plan import plan as plan
from runbooks.leader_election.words import counted, listed
from runbooks.model import Diagnosis, Finding, RootCause, Verdict

NAME = "leader-election"
TITLE = "Leader election failures"
URL = "https://docs.neumann.io/operations/runbooks/leader-election"
ALERTS = frozenset({"NoLeader", "ElectionStorm", "NodeDown"})

CAUSES = (quorum_loss, network_partition, clock_skew, aggressive_timeouts)
"""In the order of judgement, which breaks ties: can it elect at all, then what spoils the votes."""

RANK = {verdict: position for position, verdict in enumerate(Verdict)}


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    facts = Facts(evidence)
    findings = [cause.judge(facts) for cause in CAUSES]
    if facts.steady_leader:
        findings.insert(0, _leader_present(facts))
    elif not any(f.verdict in (Verdict.CONFIRMED, Verdict.LIKELY) for f in findings):
        findings.insert(0, _none_known(facts, findings))
    ranked = tuple(sorted(findings, key=_rank))
    return Diagnosis(
        can_elect=facts.can_elect,
        can_elect_reason=_can_elect_reason(facts),
        leadership=facts.leadership,
        summary=_summary(facts, ranked[0]),
        findings=ranked,
    )


def _rank(finding: Finding) -> int:
    # "None of the known" says that nothing else is sure: it stands above what is only possible.
    return RANK[Verdict.LIKELY] if finding.cause is RootCause.NONE_KNOWN else RANK[finding.verdict]


def _leader_present(facts: Facts) -> Finding:
    lead = facts.leadership
    return Finding(
        cause=RootCause.LEADER_PRESENT,
        verdict=Verdict.CONFIRMED,
        nodes=(lead.leader,) if lead.leader else (),
        evidence_for=(
            f"{lead.leader} led term {lead.term} in both readings",
            f"{len(lead.acknowledged_by)} of {len(facts.names)} nodes are in it, {facts.needed} needed",
        ),
    )


def _none_known(facts: Facts, findings: list[Finding]) -> Finding:
    missing = [finding.would_decide for finding in findings if finding.would_decide]
    return Finding(
        cause=RootCause.NONE_KNOWN,
        verdict=Verdict.UNDETERMINED,
        evidence_for=("None of the runbook's causes is borne out by what could be read.",),
        would_decide="; ".join(missing) or None,
    )


def _can_elect_reason(facts: Facts) -> str:
    running = f"{len(facts.running)} of {len(facts.names)} processes run, {facts.needed} are needed"
    return {
        "yes": f"{running}, and a majority reach each other both ways on the Raft port",
        "no": f"{running}"
        if len(facts.running) < facts.needed
        else f"{running}, but no node reaches a majority",
        "undetermined": f"{running}; what could not be read decides",
    }[facts.can_elect]


def _summary(facts: Facts, top: Finding) -> str:
    lead = facts.leadership
    if top.cause is RootCause.LEADER_PRESENT:
        return f"A leader exists: {lead.leader} leads term {lead.term}."
    sentences = {
        RootCause.QUORUM_LOSS: f"{counted(len(top.nodes), 'node')} down ({listed(top.nodes)}), "
        f"{len(facts.running)} of {len(facts.names)} run and {facts.needed} are needed.",
        RootCause.NETWORK_PARTITION: f"{listed(top.nodes)} cannot reach each other, "
        f"no side has {facts.needed} of {len(facts.names)}.",
        RootCause.CLOCK_SKEW: f"the clock of {listed(top.nodes)} is off, and peers hold each other failed.",
        RootCause.AGGRESSIVE_TIMEOUTS: "elections follow each other, "
        "the timeout is too tight for the round trip.",
        RootCause.NONE_KNOWN: "none of the known causes is borne out.",
    }
    opening = {"yes": "Can elect but does not", "no": "Cannot elect", "undetermined": "No leader"}[
        facts.can_elect
    ]
    hedge = (
        ""
        if top.verdict is Verdict.CONFIRMED or top.cause is RootCause.NONE_KNOWN
        else f"{top.verdict.value}, "
    )
    return f"{opening}: {hedge}{sentences[top.cause]}"
