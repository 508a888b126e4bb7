"""Cause 1 of the runbook: enough nodes run, but none reaches a majority of them."""

from __future__ import annotations

from runbooks.evidence import Connect
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.words import counted, listed
from runbooks.model import Finding, Remedy, RootCause, Verdict


def judge(facts: Facts) -> Finding:
    """Judge whether cut links keep running nodes apart."""
    verdict = _verdict(facts)
    cut = facts.cut_links
    observers = tuple(dict.fromkeys(name for name, _ in cut))
    nodes = tuple(n for n in facts.names if n in observers or any(c.peer == n for _, c in cut))
    unread = tuple(n.node for n in facts.evidence.nodes if n.connects.value is None)
    open_between_running = not cut and not unread
    return Finding(
        cause=RootCause.NETWORK_PARTITION,
        verdict=verdict,
        nodes=nodes,
        evidence_for=_cut_in_words(cut) + ((_isolation(facts),) if cut else ()),
        evidence_against=("Every running node reaches every other on the Raft port.",)
        if open_between_running
        else (),
        would_decide=f"the connects from {listed(unread)}"
        if verdict is Verdict.UNDETERMINED and unread
        else None,
        remedies=(_restore_network(cut),) if cut else (),
    )


def _verdict(facts: Facts) -> Verdict:
    if len(facts.running) < facts.needed and not facts.cut_links:
        # Too few run: nothing is cut between the living.
        return Verdict.RULED_OUT
    if not facts.cut_links:
        return Verdict.RULED_OUT if facts.can_elect == "yes" else Verdict.UNDETERMINED
    if facts.steady_leader or facts.can_elect == "yes":
        return Verdict.POSSIBLE
    if facts.can_elect == "no" and len(facts.running) >= facts.needed:
        return Verdict.CONFIRMED
    return Verdict.LIKELY


def _cut_in_words(cut: tuple[tuple[str, Connect], ...]) -> tuple[str, ...]:
    words = {
        "timeout": "times out (as a DROP rule or a lost route does)",
        "unreachable": "is unreachable (no route)",
        "refused": "is refused although its process runs (as a REJECT rule does)",
        "dns": "finds no address",
        "reset": "is reset",
    }
    grouped: dict[tuple[str, str], list[str]] = {}
    for observer, connect in cut:
        grouped.setdefault((observer, connect.result), []).append(connect.peer)
    return tuple(
        f"{observer} → {listed(peers)} on 7878 {words[result]} (agent:{observer})"
        for (observer, result), peers in grouped.items()
    )


def _isolation(facts: Facts) -> str:
    reached = {
        name: sum(
            bool(facts.raft_links[name, other] and facts.raft_links[other, name])
            for other in facts.running
            if other != name
        )
        for name in facts.running
    }
    best = max(reached.values(), default=0)
    return (
        f"{counted(len(facts.running), 'process')} run, but the best connected one reaches "
        f"{best + 1} of {len(facts.names)} with itself, {facts.needed} are needed"
    )


def _restore_network(cut: tuple[tuple[str, Connect], ...]) -> Remedy:
    pairs = listed([f"{observer} → {connect.peer}" for observer, connect in cut])
    return Remedy(
        name="restore_network",
        offered=False,
        reason=f"The bot does not touch firewalls: check rules for 7878 and 7879 and routes for {pairs}.",
    )
