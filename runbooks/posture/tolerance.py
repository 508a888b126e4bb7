"""How much a cluster can lose now: any node, and the one host or zone that takes the majority with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Severity
from runbooks.raft import Pair
from runbooks.wording import MAX_NAMES, counted, listed

MIN_TOLERANT = 3
"""Below three members nothing may be lost, wherever they stand."""


@dataclass(frozen=True)
class Votes:
    """Which members run and reach each other, with what is not known taken as good or as bad."""

    names: tuple[str, ...]
    up: Mapping[str, bool]
    links: Mapping[Pair, bool]

    @classmethod
    def of(cls, evidence: Evidence, *, unknown: bool) -> Votes:
        """Return the votes of a reading; `unknown` stands for every process and link that was not read."""

        def known(state: raft.Tri) -> bool:
            return unknown if state is None else state

        up = {name: known(state) for name, state in raft.processes(evidence).items()}
        links = {pair: known(state) for pair, state in raft.links(evidence, "raft").items()}
        return cls(evidence.names, up, links)

    @classmethod
    def all_up(cls, names: tuple[str, ...]) -> Votes:
        """Return the votes of a cluster in which everything works."""
        return cls(names, dict.fromkeys(names, True), dict.fromkeys(permutations(names, 2), True))

    def without(self, *lost: str) -> Votes:
        """Return the votes without these members, which still count for the quorum."""
        return replace(self, up={name: is_up and name not in lost for name, is_up in self.up.items()})

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Return the members that run."""
        return tuple(name for name in self.names if self.up[name])

    @cached_property
    def have_majority(self) -> bool:
        """Return whether some member reaches a majority in both directions."""
        return bool(raft.quorum_connected(self.names, self.up, self.links))

    @cached_property
    def needed_alone(self) -> tuple[str, ...]:
        """Return the members without any one of which no majority is left."""
        if not self.unlinked:  # then one is as good as another
            return self.running if len(self.running) <= raft.quorum(len(self.names)) else ()
        return tuple(name for name in self.running if not self.without(name).have_majority)

    @cached_property
    def unlinked(self) -> tuple[str, ...]:
        """Return the running members that do not reach some other running member."""
        pairs = permutations(self.running, 2)
        return tuple(dict.fromkeys(one for one, other in pairs if not self.links[one, other]))

    @cached_property
    def spare(self) -> int:
        """Return how many members may be lost, whichever they are; where links are cut, at most 1."""
        if not self.have_majority or self.needed_alone:
            return 0
        meshed = all(self.links[one, other] for one in self.running for other in self.running if one != other)
        left = len(self.running) - raft.quorum(len(self.names))
        return left if meshed else min(left, 1)


def tolerance_lines(evidence: Evidence, inventory: Inventory) -> Iterator[Line]:
    """Yield what may be lost: nodes, zones, hosts; and whether the number of voters is a good one."""
    worst, best = Votes.of(evidence, unknown=False), Votes.of(evidence, unknown=True)
    yield _spare(worst, best)
    zones = {name: site.zone for name, site in inventory.sites.items()}
    hosts = {name: site.host for name, site in inventory.sites.items()}
    # Where not one node can be lost, no zone can: what is left to say is how the members are spread.
    votes = best if best.spare else Votes.all_up(evidence.names)
    yield _domains(Check.ZONES, "zone", zones, votes)
    yield _domains(Check.HOSTS, "host", hosts, votes)
    yield _voters(len(evidence.names))


def _spare(worst: Votes, best: Votes) -> Line:
    size = len(worst.names)
    down = [name for name in best.names if not best.up[name]]
    beside = f"; {listed(down, MAX_NAMES)} {'is' if len(down) == 1 else 'are'} down" if down else ""
    of = f"{len(best.running)} of {size} up"
    if not best.have_majority:
        fact = f"no quorum: {of}, {raft.quorum(size)} needed{beside}"
        return Line(
            check=Check.SPARE_NODES,
            severity=Severity.CRITICAL,
            fact=fact,
            advice="`/neumann election diagnose` says what keeps it from electing",
            nodes=tuple(down),
        )
    if worst.spare != best.spare:
        doubt = tuple(name for name in best.running if not worst.up[name]) or worst.unlinked
        why = f"whether {listed(doubt, MAX_NAMES)} can vote is not known"
        return Line(
            check=Check.SPARE_NODES,
            severity=Severity.UNKNOWN,
            fact=f"can lose between {worst.spare} and {best.spare} nodes: {why}{beside}",
            advice="see Agents",
            nodes=tuple(doubt),
        )
    return _spare_known(best, f"{of}{beside}", tuple(down))


def _spare_known(votes: Votes, state: str, down: tuple[str, ...]) -> Line:
    size, spare = len(votes.names), votes.spare
    designed = size - raft.quorum(size)
    if spare == 0:
        alone = votes.needed_alone
        whose = "any more nodes" if len(alone) == len(votes.running) else listed(alone, MAX_NAMES)
        return Line(
            check=Check.SPARE_NODES,
            severity=Severity.WARNING,
            fact=f"cannot lose {whose}: there would be no quorum ({state})",
            advice=f"bring {listed(down, MAX_NAMES)} back" if down else _more_or_mend(size),
            nodes=down or alone,
        )
    fact = f"can lose any {counted(spare, 'node')} ({state})"
    if spare < designed:
        advice = f"bring {listed(down, MAX_NAMES)} back" if down else "repair the links that are down"
        return Line(check=Check.SPARE_NODES, severity=Severity.NOTICE, fact=fact, advice=advice, nodes=down)
    return Line(check=Check.SPARE_NODES, severity=Severity.FINE, fact=fact)


def _more_or_mend(size: int) -> str:
    return "run three members or more" if size < MIN_TOLERANT else "repair the links that are down"


def _domains(check: Check, kind: str, where: Mapping[str, str], votes: Votes) -> Line:
    """Return whether one zone or host takes the majority with it; what is not placed may be anywhere."""
    placed = {name: where[name] for name in votes.names if where.get(name)}
    advice = f"set `{kind}` on every node of the cluster in the bot's configuration"
    unplaced = [name for name in votes.names if name not in placed]
    if not placed:
        return Line(
            check=check, severity=Severity.UNKNOWN, fact=f"no node's {kind} is configured", advice=advice
        )
    fatal: dict[str, tuple[str, ...]] = {}
    undecided = False
    for domain in sorted(set(placed.values())):
        members = tuple(name for name in votes.names if placed.get(name) == domain)
        if not votes.without(*members).have_majority:
            fatal[domain] = members
        undecided |= not votes.without(*members, *unplaced).have_majority
    if fatal:
        said = "; ".join(f"{domain} holds {listed(members, MAX_NAMES)}" for domain, members in fatal.items())
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"losing one {kind} loses the quorum: {said}",
            advice=f"spread the members so that no {kind} holds that many"
            if len(votes.names) >= MIN_TOLERANT
            else _more_or_mend(len(votes.names)),
            nodes=tuple(name for members in fatal.values() for name in members),
        )
    if unplaced and undecided:
        fact = f"the {kind} of {listed(unplaced, MAX_NAMES)} is not configured"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice=advice, nodes=tuple(unplaced))
    fact = f"can lose any one of {counted(len(set(placed.values())), kind)}"
    return Line(check=check, severity=Severity.FINE, fact=fact)


def _voters(size: int) -> Line:
    fact = f"{counted(size, 'voter')}, quorum {raft.quorum(size)}"
    if size % 2:
        return Line(check=Check.VOTERS, severity=Severity.FINE, fact=fact)
    return Line(
        check=Check.VOTERS,
        severity=Severity.NOTICE,
        fact=f"{fact}: survives no more failures than {size - 1} would",
        advice=f"run {size + 1} or {size - 1} members",
    )
