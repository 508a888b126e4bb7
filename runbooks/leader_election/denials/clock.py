"""Clocks too far apart: nodes whose gossip carries times that differ hold each other failed.

Raft's own timers are monotonic, so a wrong clock moves no election by itself: what the nodes say of each
other in gossip decides whether it denies votes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from runbooks.clocks import follows_true_time, says_time, witnessed_clocks
from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.gossip import unexplained_gossip
from runbooks.leader_election.denials.link import both_ways, held_failed
from runbooks.leader_election.facts import MAX_RECOMMENDED_SKEW_MS, Facts
from runbooks.raft import Pair
from runbooks.wording import listed, milliseconds


def clock_denials(facts: Facts, impaired: frozenset[Pair]) -> Iterator[Denial]:
    """Yield votes denied between nodes whose clocks are apart by more than the limit, errors taken off.

    Args:
        facts: The evidence.
        impaired: Pairs that something else keeps apart: what gossip holds there says nothing of clocks.
    """
    apart = {pair: ms for pair in combinations(facts.names, 2) if (ms := _apart_ms(facts, pair))}
    held = {pair: None if pair in impaired else _hold_failed(facts, pair, impaired) for pair in apart}
    one_clock = {name for name in facts.names if all(name in pair for pair in apart)}
    # What holds a peer failed whose clock is right may hold the others failed as well.
    explains_all = not unexplained_gossip(facts, impaired | _may_be_apart(facts))
    witnessed = witnessed_clocks(facts.evidence)
    for (one, other), ms in apart.items():
        if held[one, other] is False:
            continue  # the nodes themselves do not mind: a wrong clock, but not what denies votes
        because = f"{one} and {other} are {milliseconds(ms)} apart (chrony on agent:{one} and agent:{other})"
        known, lacks = Known.BY_ONE, None
        if held[one, other] and (explains_all or {one, other} <= witnessed):
            known = Known.CORROBORATED
        elif one_clock and not one_clock <= witnessed:
            # One clock that is read wrong would explain all of it: that is a single source.
            known, lacks = Known.MAYBE, f"a second witness of the clock of {' or '.join(sorted(one_clock))}"
        yield from both_ways(RootCause.CLOCK_SKEW, known, because, (one, other), lacks)
    yield from _unknown(facts, impaired, frozenset(apart))


def _unknown(facts: Facts, impaired: frozenset[Pair], apart: frozenset[Pair]) -> Iterator[Denial]:
    """Yield votes that may be denied where a clock is not known to be right and gossip holds peers failed."""
    open_pairs = [
        pair
        for pair in combinations(facts.names, 2)
        if pair not in apart and pair not in impaired and could_be_apart(facts, pair)
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
    return abs(clock.offset_ms) + clock.error_ms <= MAX_RECOMMENDED_SKEW_MS


def could_be_apart(facts: Facts, pair: Pair) -> bool:
    """Return whether two clocks may be apart by more than the limit: unread, unsynchronised, or by error."""
    one, other = (facts.clocks.get(name) for name in pair)
    if one is None or other is None or not (follows_true_time(one) and follows_true_time(other)):
        return True
    apart_ms = abs(one.offset_ms - other.offset_ms)
    return apart_ms + one.error_ms + other.error_ms > MAX_RECOMMENDED_SKEW_MS


def _hold_failed(facts: Facts, pair: Pair, impaired: frozenset[Pair]) -> bool | None:
    """Return whether gossip on either node holds more peers failed than something else keeps from it."""
    held = held_failed(facts, *pair)
    counts = [
        (failed, sum((name, peer) in impaired and facts.up[peer] is True for peer in facts.names))
        for name in pair
        if (failed := facts.gossip_failed(name)) is not None
    ]
    return any(failed > explained for failed, explained in counts) if held and counts else held


def _apart_ms(facts: Facts, pair: Pair) -> float | None:
    """Return how far two clocks are apart in ms; `None` where that may be within the limit."""
    one, other = (facts.clocks.get(name) for name in pair)
    if one is None or other is None or not (says_time(one) and says_time(other)):
        return None
    apart_ms = abs(one.offset_ms - other.offset_ms)
    return apart_ms if apart_ms - one.error_ms - other.error_ms > MAX_RECOMMENDED_SKEW_MS else None


def contradicted_clocks(facts: Facts) -> frozenset[str]:
    """Return the nodes whose clock, as it was read, gossip contradicts.

    A node should hold as many peers failed as are apart from it. One that holds fewer agrees with a peer
    that it was read to be apart from: its clock or that peer's was read wrong, so neither is stepped.
    """
    # A node that is away is held failed for that, so its clock contradicts nobody's.
    apart = [pair for pair in combinations(facts.running, 2) if _apart_ms(facts, pair)]
    return frozenset(
        name
        for name in facts.names
        if (held := facts.gossip_failed(name)) is not None and sum(name in pair for pair in apart) > held
    )
