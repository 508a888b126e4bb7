"""Which known defects keep a cluster from electing: minimal blocking sets over denials of votes.

A denial says that a node cannot take part, or that one node would not get another's vote, because of one
cause, and how well that is known. A cause is real if it belongs to a smallest set of causes that together
leave no node with a majority: two faults that each take one of three nodes are both real, and a third
fault that changes nothing is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations

from runbooks.raft import Pair, quorum


class Known(IntEnum):
    """How well a denial is known."""

    MAYBE = 1
    BY_ONE = 2
    CORROBORATED = 3


@dataclass(frozen=True)
class Denial:
    """One vote, or all votes of and for one node, that a cause denies.

    `node` takes no part at all; or `pair` (candidate, voter): the candidate does not get that vote.
    `because` says it in words, with the readings' names; `lacks` names the reading that would decide; `by`
    is the only one who says so, where it is one.
    """

    cause: str
    known: Known
    because: str = ""
    node: str | None = None
    pair: Pair | None = None
    lacks: str | None = None
    by: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the nodes that the denial concerns."""
        return (self.node,) if self.node else tuple(self.pair or ())


def electable(names: tuple[str, ...], denials: Iterable[Denial]) -> tuple[str, ...]:
    """Return the nodes that would collect a majority of the configured votes under these denials.

    A vote must be asked for and heard, so a candidate counts only voters that it reaches itself: a
    majority connected component is not enough (23.5 % of all 5-node matrices have one and no winner).
    """
    out, unheard = set(), set()
    for denial in denials:
        if denial.node:
            out.add(denial.node)
        elif denial.pair:
            unheard.add(denial.pair)
    alive = [name for name in names if name not in out]
    needed = quorum(len(names))
    return tuple(
        one for one in alive if sum(one == other or (one, other) not in unheard for other in alive) >= needed
    )


def blocking_causes(names: tuple[str, ...], denials: tuple[Denial, ...], at_least: Known) -> frozenset[str]:
    """Return the causes in any smallest set of denials, known at least so well, that bars everybody."""
    known = [denial for denial in denials if denial.known >= at_least]
    causes = sorted({denial.cause for denial in known})
    minimal: list[frozenset[str]] = []
    for size in range(1, len(causes) + 1):
        for chosen in map(frozenset, combinations(causes, size)):
            if any(smaller <= chosen for smaller in minimal):
                continue
            if not electable(names, (denial for denial in known if denial.cause in chosen)):
                minimal.append(chosen)
    return frozenset().union(*minimal)


def can_elect(names: tuple[str, ...], denials: tuple[Denial, ...]) -> bool | None:
    """Return whether somebody can be elected; `None` where it depends on what is not known."""
    if electable(names, denials):
        return True
    sure = (denial for denial in denials if denial.known >= Known.BY_ONE)
    return None if electable(names, sure) else False


def deciding_readings(names: tuple[str, ...], denials: tuple[Denial, ...]) -> tuple[str, ...]:
    """Return the readings whose absence leaves it open: each, taken as good news alone, would open the way.

    Where no single one would, all of them are named.
    """
    maybe = [denial for denial in denials if denial.known is Known.MAYBE]
    lacking = tuple(dict.fromkeys(denial.lacks for denial in maybe if denial.lacks))
    alone = tuple(
        reading
        for reading in lacking
        if electable(names, (denial for denial in denials if denial.lacks != reading))
    )
    return alone or lacking
