"""Findings for causes of which nothing was seen: why each is ruled out, or what would have to be read."""

from __future__ import annotations

from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import MAX_RECOMMENDED_SKEW_MS, Facts
from runbooks.leader_election.structure import Structure
from runbooks.model import Finding, Verdict
from runbooks.wording import counted, listed


def not_found(cause: RootCause, facts: Facts, structure: Structure) -> Finding:
    """Return a finding for a cause of which nothing was seen."""
    against, unread = {
        RootCause.QUORUM_LOSS: _processes,
        RootCause.NETWORK_PARTITION: _links,
        RootCause.CLOCK_SKEW: _clocks,
    }[cause](facts, structure)
    return Finding(
        cause=cause,
        verdict=Verdict.UNDETERMINED if unread else Verdict.RULED_OUT,
        evidence_against=against,
        would_decide=unread,
    )


def _processes(facts: Facts, structure: Structure) -> tuple[tuple[str, ...], str | None]:
    tally = f"{len(facts.running)} of {counted(len(facts.names), 'process')} run, {facts.needed} needed"
    unknown = [name for name in facts.names if facts.up[name] is None]
    open_question = len(facts.running) < facts.needed and unknown and structure.can_elect == "undetermined"
    return (tally,), f"the process state on {listed(unknown)}" if open_question else None


def _links(facts: Facts, structure: Structure) -> tuple[tuple[str, ...], str | None]:
    if facts.raft_results and all(result == "open" for result in facts.raft_results.values()):
        against = ("every connect on the Raft port that was tried is open (agents)",)
    else:
        against = ("no link between running nodes is known to be cut",)
    unread = [node.node for node in facts.evidence.nodes if node.connects.value is None]
    return (
        against,
        f"the connects from {listed(unread)}" if structure.can_elect == "undetermined" and unread else None,
    )


def _clocks(facts: Facts, _: Structure) -> tuple[tuple[str, ...], str | None]:
    unread = [name for name in facts.names if name not in facts.clocks]
    if not facts.clocks:
        return (), "the clocks of the nodes"
    name, clock = max(facts.clocks.items(), key=lambda item: abs(item[1].offset_ms))
    against = (
        f"the largest offset is {abs(clock.offset_ms):.0f} ms (±{clock.error_ms:.0f} ms, agent:{name}), "
        f"the limit {MAX_RECOMMENDED_SKEW_MS:.0f} ms",
    )
    enough = len(facts.clocks) >= facts.needed
    return against, None if enough else f"the clock of {listed(unread)}"
