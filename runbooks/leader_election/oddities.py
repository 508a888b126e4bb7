"""Say what was odd where nothing known explains it: complaints in the logs, gossip, missing answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbooks.leader_election.causes import COMPLAINTS, RootCause
from runbooks.leader_election.denials.gossip import gossip_said
from runbooks.leader_election.facts import CURRENT_LOG_S, Facts
from runbooks.leader_election.first_lines import MAX_DECIDING, first_lines
from runbooks.leader_election.structure import Structure
from runbooks.model import Finding, Verdict
from runbooks.wording import listed, seconds

MAX_KINDS = 3
"""Kinds of complaints that are told of one node, the most frequent first."""

EXCERPT_CHARS = 160


def none_known(facts: Facts, structure: Structure, findings: Sequence[Finding]) -> Finding:
    """Return the finding that nothing known is borne out, with what was odd all the same."""
    missing = dict.fromkeys(finding.would_decide for finding in findings if finding.would_decide)
    return Finding(
        cause=RootCause.NONE_KNOWN,
        verdict=Verdict.UNDETERMINED,
        evidence_for=(
            "none of the known causes is borne out by what could be read",
            *first_lines(tuple(oddities(facts, structure))),
        ),
        would_decide="; ".join(first_lines(tuple(missing), MAX_DECIDING)) or None,
    )


def oddities(facts: Facts, structure: Structure) -> Iterator[str]:
    """Yield a line for each thing that is not as it is in a cluster that is well, without judging it."""
    if held := structure.unexplained_gossip:
        yield f"gossip: {gossip_said(held)} (bot)"
    for name in facts.names:
        yield from _complaints(facts, name)
    if unserved := [name for name in facts.running if _answers_no_page(facts, name)]:
        yield f"no metrics page of {listed(unserved)} could be read, though the process runs"


def _complaints(facts: Facts, name: str) -> Iterator[str]:
    """Yield what a node's log complains of, with counts and one line of it; old lines as what they are."""
    log = facts.log(name)
    if log is None:
        return
    seen = sorted(
        ((count, event) for event, count in log.counts.items() if count and event in COMPLAINTS), reverse=True
    )
    if not seen:
        return
    said = listed([f"{COMPLAINTS[event]} ({count} times)" for count, event in seen[:MAX_KINDS]])
    silent_s = log.silent_s or 0.0
    age = f", the newest {seconds(silent_s)} ago: history" if silent_s > CURRENT_LOG_S else ""
    line = f": {log.excerpts[-1][:EXCERPT_CHARS]}" if log.excerpts else ""
    yield f"{name} logs {said}{age} (log, {facts.node(name).log.by}){line}"


def _answers_no_page(facts: Facts, name: str) -> bool:
    return facts.metrics(name) is None
