"""The quorum gate: may a node be taken out for a moment, and a majority stay that can go on?

Unknown is not good enough here: what could not be read counts as down, as cut, and as behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.raft import Pair, Tri

CAUGHT_UP_ENTRIES = 20
"""Entries behind the leader; a follower that hears it lacks at most one round of appends."""

UNSEATED_TERMS = 2
"""Terms by which a node went up between two readings, from which on nobody led for as long as that."""


def keeps_majority(
    names: tuple[str, ...],
    out: str,
    *,
    up: Mapping[str, Tri],
    links: Mapping[Pair, Tri],
    caught_up: Mapping[str, Tri],
    leader: str | None = None,
) -> bool:
    """Return whether without one node a configured majority stays two-way connected and caught up.

    Args:
        names: Every configured member.
        out: The node to be taken out.
        up: Which processes are up.
        links: For each ordered pair, whether the first reaches the second.
        caught_up: Which nodes have the newest entries, as far as a leader shows.
        leader: Who leads; unless it is the node itself, it must keep its own majority.
    """
    sound = {name: name != out and up[name] is True and caught_up[name] is True for name in names}
    connected = raft.quorum_connected(names, sound, {pair: link is True for pair, link in links.items()})
    return leader in connected if leader not in (None, out) else bool(connected)


def why_not(evidence: Evidence, out: str) -> str | None:
    """Return why a node must not be taken out now, in one sentence; `None` where it may be."""
    names = evidence.names
    lead = raft.leadership({node.node: node.newest_metrics for node in evidence.nodes})
    leader = lead.leader if lead.majority and not _is_soon_unseated(evidence) else None
    up = raft.processes(evidence)
    links = raft.links(evidence, "raft")
    caught_up = _caught_up(evidence, leader)
    if keeps_majority(names, out, up=up, links=links, caught_up=caught_up, leader=leader):
        return None
    others = [name for name in names if name != out]
    doubts = {
        "not known to run": [name for name in others if up[name] is not True],
        "not known to have caught up": [name for name in others if up[name] and caught_up[name] is not True],
        "not known to be linked both ways": sorted(_cut(others, links)),
    }
    said = "; ".join(f"{what}: {', '.join(whom)}" for what, whom in doubts.items() if whom)
    return (
        f"Without {out} no majority of {raft.quorum(len(names))} would stay connected and caught up ({said})."
    )


def _is_soon_unseated(evidence: Evidence) -> bool:
    """Return whether most nodes saw elections follow each other: who led for a moment brings nobody up.

    A node that was restarted knows of no committed entry until it hears a leader for long enough (Raft,
    figure 2: the commit index is volatile), so it would never count as near one of these.
    """
    samples = ((node.metrics.value, node.metrics_again.value) for node in evidence.nodes)
    terms = [(first.term, last.term) for first, last in samples if first and last]
    rises = [last - first for first, last in terms if first is not None and last is not None]
    return sum(rise >= UNSEATED_TERMS for rise in rises) >= raft.quorum(len(evidence.names))


def _caught_up(evidence: Evidence, leader: str | None) -> dict[str, Tri]:
    """Return which nodes are near the leader's commit index; without a leader, all count as near."""
    if leader is None:
        return dict.fromkeys(evidence.names, True)
    newest = evidence.node(leader).newest_metrics
    indexes = {
        node.node: node.newest_metrics.commit_index if node.newest_metrics else None
        for node in evidence.nodes
    }
    leads_at = newest.commit_index if newest else None
    return {
        name: None if index is None or leads_at is None else leads_at - index <= CAUGHT_UP_ENTRIES
        for name, index in indexes.items()
    }


def _cut(names: list[str], links: Mapping[Pair, Tri]) -> set[str]:
    return {f"{one} → {other}" for one, other in permutations(names, 2) if links[one, other] is not True}
