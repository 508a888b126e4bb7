"""Votes that gossip may deny: peers held failed for a reason that nothing else of what was read gives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from runbooks.electability import Denial, Known, votes_of
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.link import both_ways
from runbooks.leader_election.facts import Facts
from runbooks.raft import Pair
from runbooks.wording import MAX_NAMES, counted, listed


def unexplained_gossip(facts: Facts, explained: frozenset[Pair]) -> dict[str, int]:
    """Return by running node how many peers its gossip holds failed that nothing else keeps from it.

    Args:
        facts: The evidence.
        explained: Pairs that another cause keeps apart, or may.
    """
    found = {}
    for name in facts.running:
        held = facts.gossip_failed(name) or 0
        known = sum((name, peer) in explained for peer in facts.running if peer != name)
        if held > known:
            found[name] = held - known
    return found


def gossip_denials(facts: Facts, explained: frozenset[Pair], sure: tuple[Denial, ...]) -> Iterator[Denial]:
    """Yield what gossip alone may deny: a peer held failed gets no vote (raft.rs), whatever the reason is.

    Gossip counts and names nobody, so every vote that may be meant is a maybe; and only where the counts
    are large enough to leave nobody with a majority.

    Args:
        facts: The evidence.
        explained: Pairs that gossip may not hear of each other for a reason that was read.
        sure: The denials of all other causes that somebody read.
    """
    held = unexplained_gossip(facts, explained)
    # To bar a candidate, so many of those that would vote for it must refuse that too few are left.
    refusals = sum(votes - facts.needed + 1 for votes in votes_of(facts.names, sure).values())
    # What a node's gossip holds that was not read may be anything.
    unread = sum(facts.gossip_failed(name) is None for name in facts.running)
    if not held or sum(held.values()) + unread * (len(facts.running) - 1) < refusals:
        return
    lacks = f"why gossip holds peers failed: {gossip_said(held)}"
    for pair in combinations(facts.running, 2):
        if pair not in explained and (held.get(pair[0]) or held.get(pair[1])):
            yield from both_ways(RootCause.GOSSIP_BLOCKED, Known.MAYBE, "", pair, lacks)


def gossip_said(held: dict[str, int]) -> str:
    """Return in words how many peers each node holds failed, nodes that hold alike together."""
    alike: dict[int, list[str]] = {}
    for name, count in held.items():
        alike.setdefault(count, []).append(name)
    return "; ".join(
        f"{listed(names, MAX_NAMES)} {'holds' if len(names) == 1 else 'each hold'} "
        f"{counted(count, 'running peer')} failed"
        for count, names in alike.items()
    )
