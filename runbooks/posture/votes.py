"""Which votes a cluster has now, and how many members it can lose before they are no majority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

from runbooks import raft
from runbooks.electability import Denial, Known
from runbooks.evidence import Evidence
from runbooks.raft import Pair


@dataclass(frozen=True)
class Votes:
    """Which members can vote, and who gets whose vote, with what is not known taken as good or as bad."""

    names: tuple[str, ...]
    up: Mapping[str, bool]
    links: Mapping[Pair, bool]

    @classmethod
    def of(cls, evidence: Evidence, denials: Iterable[Denial], *, unknown: bool) -> Votes:
        """Return the votes of a reading; `unknown` stands for everything that was not read.

        Args:
            evidence: The reading.
            denials: The votes that the leader-election runbook finds denied: by a full disk, a clock, TLS, …
            unknown: Whether it is taken as good.
        """

        def known(state: raft.Tri) -> bool:
            return unknown if state is None else state

        counted_ones = [each for each in denials if not unknown or each.known >= Known.BY_ONE]
        out = {each.node for each in counted_ones if each.node}
        unheard = {each.pair for each in counted_ones if each.pair}
        up = {name: known(state) and name not in out for name, state in raft.processes(evidence).items()}
        links = raft.links(evidence, "raft").items()
        return cls(evidence.names, up, {pair: known(state) and pair not in unheard for pair, state in links})

    @classmethod
    def all_up(cls, names: tuple[str, ...]) -> Votes:
        """Return the votes of a cluster in which everything works."""
        return cls(names, dict.fromkeys(names, True), dict.fromkeys(permutations(names, 2), True))

    def without(self, *lost: str) -> Votes:
        """Return the votes without these members, which still count for the quorum."""
        return replace(self, up={name: is_up and name not in lost for name, is_up in self.up.items()})

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Return the members that can vote."""
        return tuple(name for name in self.names if self.up[name])

    @cached_property
    def have_majority(self) -> bool:
        """Return whether some member gets a majority of the votes, over links that are open both ways."""
        return bool(raft.quorum_connected(self.names, self.up, self.links))

    @cached_property
    def needed_alone(self) -> tuple[str, ...]:
        """Return the members without any one of which no majority is left."""
        if not self.unlinked:  # then one is as good as another
            return self.running if len(self.running) <= raft.quorum(len(self.names)) else ()
        return tuple(name for name in self.running if not self.without(name).have_majority)

    @cached_property
    def unlinked(self) -> tuple[str, ...]:
        """Return the voting members that do not get the vote of some other one."""
        pairs = permutations(self.running, 2)
        return tuple(dict.fromkeys(one for one, other in pairs if not self.links[one, other]))

    @cached_property
    def spare(self) -> int:
        """Return how many members may be lost, whichever they are; where links are cut, at most 1."""
        if not self.have_majority or self.needed_alone:
            return 0
        left = len(self.running) - raft.quorum(len(self.names))
        return min(left, 1) if self.unlinked else left
