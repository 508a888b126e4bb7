"""Group the nodes of a link map: those that reach each other, and those that behave alike."""

from __future__ import annotations

from itertools import combinations, product

from bot.pictures.links.model import LinkMap, NodeRole

Group = tuple[str, ...]

APART = {NodeRole.LEADER, NodeRole.CLAIMANT, NodeRole.DOWN, NodeRole.UNKNOWN}
"""Standings that set a node apart from one that behaves the same."""


def groups(seen: LinkMap) -> tuple[Group, ...]:
    """Group nodes that reach each other both ways over Raft, directly or over others, in order."""
    left, found = list(seen.names), []
    while left:
        group, edge = [left[0]], [left.pop(0)]
        while edge:
            here = edge.pop()
            reached = [name for name in left if _both_ways(seen, here, name)]
            left = [name for name in left if name not in reached]
            group += reached
            edge += reached
        found.append(tuple(sorted(group, key=seen.names.index)))
    return tuple(found)


def _both_ways(seen: LinkMap, one: str, other: str) -> bool:
    return all(seen.by_pair[pair].raft == "open" for pair in ((one, other), (other, one)))


def clean_cut(seen: LinkMap) -> tuple[Group, ...]:
    """Return the groups of a clean cut: every way within a group is open, every way between groups failed.

    Nothing is returned where that is not the whole story.
    """
    down = {node.name for node in seen.nodes if node.standing is NodeRole.DOWN}
    found = tuple(group for group in groups(seen) if not down.intersection(group))
    within = (pair for group in found for pair in combinations(group, 2))
    between = (
        (one, other)
        for left, right in combinations(found, 2)
        for pair in product(left, right)
        for one, other in (pair, pair[::-1])
    )
    clean = all(_both_ways(seen, *pair) for pair in within) and all(
        seen.by_pair[pair].raft not in ("open", "unknown") for pair in between
    )
    return found if clean and len(found) > 1 else ()


def alike(seen: LinkMap) -> tuple[Group, ...]:
    """Group nodes whose links to all others have the same results; a leader stands apart."""
    apart = {node.name: node.standing for node in seen.nodes if node.standing in APART}
    found: list[list[str]] = []
    for name in seen.names:
        peers = (group for group in found if apart.get(group[0]) == apart.get(name))
        home = next((group for group in peers if _are_alike(seen, group[0], name)), None)
        if home:
            home.append(name)
        else:
            found.append([name])
    return tuple(map(tuple, found))


def _are_alike(seen: LinkMap, one: str, other: str) -> bool:
    states = seen.states
    return states[one, other] == states[other, one] and all(
        states[one, third] == states[other, third] and states[third, one] == states[third, other]
        for third in seen.names
        if third not in (one, other)
    )
