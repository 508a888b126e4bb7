"""Is there a leader after all? Then the alert is stale or the monitoring blind, unless there are two."""

from __future__ import annotations

from runbooks import raft
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.words import listed
from runbooks.model import Finding, RootCause, Verdict


def steady_leader(facts: Facts) -> str | None:
    """The node that led the same term in both samples, was acknowledged by a majority, and is not
    contradicted by the links: an isolated leader claims on for a while."""
    first, last = facts.first_leadership, facts.leadership
    if last.leader is None or not last.majority or (first.leader, first.term) != (last.leader, last.term):
        return None
    best_case = raft.quorum_connected(
        facts.names,
        {name: state is not False for name, state in facts.up.items()},
        {pair: state is not False for pair, state in raft.links(facts.evidence, "raft").items()},
    )
    return last.leader if last.leader in best_case else None


def leader_finding(facts: Facts) -> Finding | None:
    """Two leaders, a leader that monitoring does not see, or a leader in plain sight; `None` without any."""
    claimed = facts.leadership.claimed_by
    if len(claimed) > 1 and set(claimed) == set(facts.first_leadership.claimed_by):
        return _two_leaders(facts, claimed)
    leader = steady_leader(facts)
    if leader is None:
        return None
    lead, node = facts.leadership, facts.node(leader)
    blind = not (node.metrics.value or node.metrics_again.value)
    seen = (
        f"{leader} led term {lead.term} in both readings"
        if not blind
        else f"{leader} leads term {lead.term} by its page as read on the node ({node.local_metrics.by})"
    )
    signs = [
        seen,
        f"{len(lead.acknowledged_by)} of {len(facts.names)} nodes are in that term, {facts.needed} needed",
    ]
    if blind:
        signs.append(f"its metrics over the network: {node.metrics.missing} (bot)")
    return Finding(
        cause=RootCause.MONITORING_BLIND if blind else RootCause.ALERT_STALE,
        verdict=Verdict.CONFIRMED,
        nodes=(leader,),
        evidence_for=tuple(signs),
    )


def _two_leaders(facts: Facts, claimed: tuple[str, ...]) -> Finding:
    terms = [
        f"{name} claims to lead term {m.term} in both readings"
        for name in claimed
        if (m := facts.metrics(name))
    ]
    newest = facts.leadership.leader
    stale = [name for name in claimed if name != newest] if newest else list(claimed)
    return Finding(
        cause=RootCause.TWO_LEADERS,
        verdict=Verdict.CONFIRMED,
        nodes=claimed,
        evidence_for=(
            *terms,
            f"stale: {listed(stale)}" if newest else "the terms do not tell which is stale",
        ),
    )
