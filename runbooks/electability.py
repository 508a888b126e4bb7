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
from functools import reduce
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
    return tuple(votes_of(names, denials))


def votes_of(names: tuple[str, ...], denials: Iterable[Denial]) -> dict[str, int]:
    """Return by node that would collect a majority how many votes it would collect."""
    return _Barred.of(names, denials).votes(names)


@dataclass(frozen=True)
class _Barred:
    """Denials as bits, one for each node: who takes no part, and by candidate whose votes it does not get."""

    out: int
    unheard: tuple[int, ...]

    @staticmethod
    def of(names: tuple[str, ...], denials: Iterable[Denial]) -> _Barred:
        place = {name: number for number, name in enumerate(names)}
        out, unheard = 0, [0] * len(names)
        for denial in denials:
            if denial.node:
                out |= 1 << place[denial.node]
            elif denial.pair:
                unheard[place[denial.pair[0]]] |= 1 << place[denial.pair[1]]
        return _Barred(out, tuple(unheard))

    def beside(self, other: _Barred) -> _Barred:
        """Return both sets of denials together."""
        both = zip(self.unheard, other.unheard, strict=True)
        return _Barred(self.out | other.out, tuple(mine | others for mine, others in both))

    def votes(self, names: tuple[str, ...]) -> dict[str, int]:
        alive = ((1 << len(names)) - 1) & ~self.out
        collected = {
            name: (alive & ~self.unheard[number] | 1 << number).bit_count()
            for number, name in enumerate(names)
            if alive >> number & 1
        }
        return {name: votes for name, votes in collected.items() if votes >= quorum(len(names))}


def blocking_causes(names: tuple[str, ...], denials: tuple[Denial, ...], at_least: Known) -> frozenset[str]:
    """Return the causes in any smallest set of denials, known at least so well, that bars everybody."""
    known: dict[str, list[Denial]] = {}
    for denial in denials:
        if denial.known >= at_least:
            known.setdefault(denial.cause, []).append(denial)
    barred = {cause: _Barred.of(names, known[cause]) for cause in sorted(known)}
    if not barred or reduce(_Barred.beside, barred.values()).votes(names):
        return frozenset()
    minimal: list[frozenset[str]] = []
    for size in range(1, len(barred) + 1):
        for chosen in map(frozenset, combinations(barred, size)):
            if any(smaller <= chosen for smaller in minimal):
                continue
            if not reduce(_Barred.beside, (barred[cause] for cause in chosen)).votes(names):
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
