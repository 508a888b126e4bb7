"""How much a cluster can lose now: any node, and the one host or zone that takes the majority with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from runbooks import raft
from runbooks.electability import Denial, Known
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import CAUSES, RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.structure import Structure
from runbooks.model import Leadership
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.votes import Votes
from runbooks.wording import MAX_NAMES, counted, listed

MIN_TOLERANT = 3
"""Below three members nothing may be lost, wherever they stand."""

MORE = "run three members or more"
MAX_MENDS = 3
_BY_CAUSE: dict[str, str] = {
    RootCause.QUORUM_LOSS: "Start the service on the nodes where it is stopped.",
    RootCause.CLOCK_SKEW: "Check `chronyc tracking` and `chronyc sources` on every node.",
}
"""What to do by hand about those which the runbook mends by itself."""


def tolerance_lines(evidence: Evidence, inventory: Inventory) -> Iterator[Line]:
    """Yield what may be lost: nodes, zones, hosts; and whether the number of voters is a good one."""
    facts = Facts(evidence)
    denials = Structure(facts).denials
    worst, best = (Votes.of(evidence, denials, unknown=good) for good in (False, True))
    unread = tuple(node.node for node in evidence.nodes if node.connects.value is None)
    yield _spare(worst, best, _Denied.of(evidence, denials), facts.leadership, unread)
    zones = {name: site.zone for name, site in inventory.sites.items()}
    hosts = {name: site.host for name, site in inventory.sites.items()}
    # Where not one node can be lost, no zone can: what is left to say is how the members are spread.
    votes = best if best.spare else Votes.all_up(evidence.names)
    yield _domains(Check.ZONES, "zone", zones, votes)
    yield _domains(Check.HOSTS, "host", hosts, votes)
    yield _voters(len(evidence.names))


@dataclass(frozen=True)
class _Denied:
    """Who is down, and by cause whose votes else are denied."""

    down: tuple[str, ...]
    causes: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, evidence: Evidence, denials: Iterable[Denial]) -> _Denied:
        """Return what is known of a reading; where a node is down, nothing else about it matters."""
        processes = raft.processes(evidence)
        down = tuple(name for name in evidence.names if processes[name] is False)
        causes: dict[str, set[str]] = {}
        for each in denials:
            if each.known >= Known.BY_ONE and not set(each.nodes) & set(down):
                causes.setdefault(each.cause, set()).update(each.nodes)
        concerned = {
            cause: tuple(name for name in evidence.names if name in nodes) for cause, nodes in causes.items()
        }
        return cls(down, concerned)

    @property
    def why(self) -> str:
        """Return it as a sentence goes on: `; node3 is down; node1 and node2: clock skew`."""
        said = [f"{listed(self.down, MAX_NAMES)} {'is' if len(self.down) == 1 else 'are'} down"]
        said = said if self.down else []
        said += [f"{listed(nodes, MAX_NAMES)}: {_title(cause)}" for cause, nodes in self.causes.items()]
        return "".join(f"; {each}" for each in said)

    @property
    def mend(self) -> str:
        """Return what brings these votes back; empty where none is denied."""
        said = [f"Bring {listed(self.down, MAX_NAMES)} back."] if self.down else []
        said += [mend for cause in self.causes if (mend := CAUSES[cause].by_hand or _BY_CAUSE.get(cause, ""))]
        return " ".join(said[:MAX_MENDS])


def _title(cause: str) -> str:
    title = CAUSES[cause].title
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def _spare(worst: Votes, best: Votes, denied: _Denied, lead: Leadership, unread: tuple[str, ...]) -> Line:
    why_not, size, needed = denied.why, len(worst.names), raft.quorum(len(worst.names))
    state = f"{len(best.running)} of {size} can vote{why_not}"
    out = tuple(name for name in best.names if not best.up[name])
    if not best.have_majority:
        diagnose = "`/neumann election diagnose` says what keeps it from electing"
        if lead.majority:
            fact = f"{lead.leader} leads, but no other node could be elected: {state}"
            return _line(Severity.WARNING, fact, diagnose, out)
        fact = f"no quorum: {len(best.running)} of {size} can vote, {needed} needed{why_not}"
        if len(best.running) >= needed:
            fact = f"no quorum: no node gets the {needed} votes it needs{why_not}"
        return _line(Severity.CRITICAL, fact, diagnose, out)
    if worst.spare != best.spare:
        doubt = tuple(name for name in best.running if not worst.up[name]) or unread or worst.unlinked
        why = f"whether {listed(doubt, MAX_NAMES)} can vote is not known"
        fact = f"can lose between {worst.spare} and {best.spare} nodes: {why}{why_not}"
        return _line(Severity.UNKNOWN, fact, "see Agents", doubt)
    return _spare_known(best, state, denied.mend, out)


def _spare_known(votes: Votes, state: str, mend: str, out: tuple[str, ...]) -> Line:
    size, spare = len(votes.names), votes.spare
    if not mend:  # no vote is denied: there are too few, or links are cut that no denial stands for
        mend = MORE if size < MIN_TOLERANT else "repair the links that are down" if votes.unlinked else ""
    if spare == 0:
        alone = votes.needed_alone
        any_of = listed(alone, MAX_NAMES).replace(" and ", " or ")
        whose = "any more nodes" if len(alone) == len(votes.running) else any_of
        fact = f"cannot lose {whose}: there would be no quorum ({state})"
        return _line(Severity.WARNING, fact, mend, out or alone)
    fact = f"can lose any {counted(spare, 'node')} ({state})"
    if spare < size - raft.quorum(size):
        return _line(Severity.NOTICE, fact, mend, out)
    return _line(Severity.FINE, fact)


def _line(severity: Severity, fact: str, advice: str = "", nodes: tuple[str, ...] = ()) -> Line:
    return Line(check=Check.SPARE_NODES, severity=severity, fact=fact, advice=advice, nodes=nodes)


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
            else MORE,
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
