"""Clocks too far apart: nodes whose gossip carries times that differ hold each other failed.

Raft's own timers are monotonic, so a wrong clock moves no election by itself: what the nodes say of each
other in gossip decides whether it denies votes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from runbooks.clocks import MAX_SKEW_MS, follows_true_time, witnessed_clocks
from runbooks.clocks_apart import Apart
from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.gossip import unexplained_gossip
from runbooks.leader_election.denials.link import both_ways, held_failed
from runbooks.leader_election.facts import Facts
from runbooks.raft import Pair
from runbooks.wording import listed, milliseconds


def clock_denials(facts: Facts, impaired: frozenset[Pair]) -> Iterator[Denial]:
    """Yield votes denied between nodes whose clocks are apart by more than the limit, errors taken off.

    Args:
        facts: The evidence.
        impaired: Pairs that something else keeps apart: what gossip holds there says nothing of clocks.
    """
    skewed = skewed_pairs(facts)
    held = {pair: None if pair in impaired else _hold_failed(facts, pair, impaired) for pair in skewed}
    one_clock = {name for name in facts.names if all(name in pair for pair in skewed)}
    # What holds a peer failed whose clock is right may hold the others failed as well.
    explains_all = not unexplained_gossip(facts, impaired | _may_be_apart(facts))
    witnessed = witnessed_clocks(facts.evidence)
    for (one, other), found in skewed.items():
        if held[one, other] is False:
            continue  # the nodes themselves do not mind: a wrong clock, but not what denies votes
        because = f"{one} and {other} are {milliseconds(found.ms)} apart ({found.whose})"
        known, lacks = Known.BY_ONE, None
        if held[one, other] and (explains_all or {one, other} <= witnessed):
            known = Known.CORROBORATED
        elif one_clock and not found.is_seen_from_here and not one_clock <= witnessed:
            # One clock that is read wrong would explain all of it: that is a single source.
            known, lacks = Known.MAYBE, f"a second witness of the clock of {' or '.join(sorted(one_clock))}"
        yield from both_ways(RootCause.CLOCK_SKEW, known, because, (one, other), lacks)
    yield from _unknown(facts, impaired, frozenset(skewed))


def skewed_pairs(facts: Facts) -> dict[Pair, Apart]:
    """Return the pairs of clocks that are surely apart by more than the limit."""
    return {pair: each for pair, each in facts.clocks_apart.items() if each.is_surely_beyond}


def _unknown(facts: Facts, impaired: frozenset[Pair], skewed: frozenset[Pair]) -> Iterator[Denial]:
    """Yield votes that may be denied where a clock is not known to be right and gossip holds peers failed."""
    open_pairs = [
        pair
        for pair in combinations(facts.names, 2)
        if pair not in skewed and pair not in impaired and could_be_apart(facts, pair)
    ]
    unknown = [name for name in facts.names if not is_right(facts, name)]
    lacks = f"the true time on {listed(unknown or facts.names)}"
    for pair in open_pairs:
        if _hold_failed(facts, pair, impaired):
            yield from both_ways(RootCause.CLOCK_SKEW, Known.MAYBE, "", pair, lacks)


def _may_be_apart(facts: Facts) -> frozenset[Pair]:
    return frozenset(pair for pair in permutations(facts.names, 2) if could_be_apart(facts, pair))


def is_right(facts: Facts, name: str) -> bool:
    """Return whether a clock follows true time and is surely within the limit of it."""
    clock = facts.clocks.get(name)
    if clock is None or not follows_true_time(clock):
        return False
    return abs(clock.offset_ms) + clock.error_ms <= MAX_SKEW_MS


def could_be_apart(facts: Facts, pair: Pair) -> bool:
    """Return whether two clocks may be apart by more than the limit: not known to anybody, or by error."""
    found = facts.clocks_apart.get(pair) or facts.clocks_apart.get(pair[::-1])
    return found is None or found.may_be_beyond


def _hold_failed(facts: Facts, pair: Pair, impaired: frozenset[Pair]) -> bool | None:
    """Return whether gossip on either node holds more peers failed than something else keeps from it."""
    held = held_failed(facts, *pair)
    counts = [
        (failed, sum((name, peer) in impaired and facts.up[peer] is True for peer in facts.names))
        for name in pair
        if (failed := facts.gossip_failed(name)) is not None
    ]
    return any(failed > explained for failed, explained in counts) if held and counts else held


def contradicted_clocks(facts: Facts) -> frozenset[str]:
    """Return the nodes whose clock, as it was read, gossip contradicts.

    A node should hold as many peers failed as are apart from it. One that holds fewer agrees with a peer
    that it was read to be apart from: its clock or that peer's was read wrong, so neither is stepped.
    """
    # A node that is away is held failed for that, so its clock contradicts nobody's.
    apart = [pair for pair in skewed_pairs(facts) if set(pair) <= set(facts.running)]
    return frozenset(
        name
        for name in facts.names
        if (held := facts.gossip_failed(name)) is not None and sum(name in pair for pair in apart) > held
    )
