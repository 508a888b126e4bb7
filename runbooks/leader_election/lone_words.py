"""Tell what one witness alone says from what is borne out: no single word decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.gossip import unexplained_gossip
from runbooks.leader_election.facts import Facts
from runbooks.raft import Pair
from runbooks.wording import listed

HEARD_IN_GOSSIP = frozenset({RootCause.STORAGE_FULL, RootCause.PEER_LIST_WRONG})
"""Causes that deny votes and leave gossip as it was, so they explain nothing that gossip holds."""


def one_kind_of_cut(denials: tuple[Denial, ...]) -> tuple[Denial, ...]:
    """Return all cuts as one cause: asymmetric only where no link is known to be cut both ways.

    One-way cuts that a single agent reports may be that agent's; from two on they are believed.
    """
    full = any(d.cause == RootCause.NETWORK_PARTITION and d.known >= Known.BY_ONE for d in denials)
    one_way = [d for d in denials if d.cause == RootCause.ASYMMETRIC_PARTITION and d.because]
    several = len({denial.by for denial in one_way}) > 1
    cause = RootCause.NETWORK_PARTITION if full else RootCause.ASYMMETRIC_PARTITION
    return tuple(
        replace(denial, cause=cause, known=max(denial.known, Known.BY_ONE) if several else denial.known)
        if denial.cause == RootCause.ASYMMETRIC_PARTITION
        else denial
        for denial in denials
    )


def without_lone_words(
    facts: Facts, others: tuple[Denial, ...], clocks: tuple[Denial, ...]
) -> tuple[Denial, ...]:
    """Return the denials, with the one-way cuts that one agent alone tells as a maybe.

    Its peers' connects to it are open. Gossip may bear it out, but not by what holds peers failed anyway.
    """
    one_way = [denial for denial in others if denial.cause == RootCause.ASYMMETRIC_PARTITION]
    by = {denial.by for denial in one_way}
    if len(by) != 1:
        return others
    rest = (*(denial for denial in others if denial not in one_way), *clocks)
    heard = tuple(denial for denial in rest if denial.cause not in HEARD_IN_GOSSIP)
    if unexplained_gossip(facts, pairs_of(facts.names, heard)):
        return others
    lacks = f"a second witness of what {listed(tuple(filter(None, by)))} cannot reach"
    return tuple(
        replace(denial, known=Known.MAYBE, lacks=lacks) if denial in one_way else denial for denial in others
    )


def is_one_word(denials: tuple[Denial, ...]) -> bool:
    """Return whether denials rest on one reading of one witness."""
    return len({denial.by for denial in denials}) == 1 and all(
        d.by and d.known is Known.BY_ONE for d in denials
    )


def without_each(denials: tuple[Denial, ...]) -> Iterator[tuple[Denial, ...]]:
    """Yield the denials, and then what is left of them without each single witness."""
    yield denials
    for witness in dict.fromkeys(denial.by for denial in denials if denial.by):
        yield tuple(denial for denial in denials if denial.by != witness)


def pairs_of(names: tuple[str, ...], denials: tuple[Denial, ...]) -> frozenset[Pair]:
    """Return the pairs that these denials concern: every pair of a node that takes no part."""
    away = {denial.node for denial in denials}
    pairs = {denial.pair for denial in denials}
    return frozenset(
        pair for pair in permutations(names, 2) if pair in pairs or pair[0] in away or pair[1] in away
    )
