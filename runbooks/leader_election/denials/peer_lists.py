"""Peer lists that are wrong: every node must name the same members, at the same addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from runbooks.electability import Denial, Known
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.peer_addresses import Entry, Lists, entries_of
from runbooks.leader_election.facts import Facts
from runbooks.wording import listed

DOCUMENTED_PORT = 7878
"""Neumann's Raft port (operations/configuration); of two ports that are named as often, the likelier one."""


class HostVotes:
    """Which hosts the lists give for each member; names and addresses are counted apart."""

    def __init__(self, lists: Lists) -> None:
        self._hosts = Counter(
            (entry.member, entry.form, entry.host) for entries in lists.values() for entry in entries
        )
        self._forms = Counter((entry.member, entry.form) for entries in lists.values() for entry in entries)

    def against(self, entry: Entry) -> int:
        """Return how many entries lead to the same member, in the same form, at another host."""
        host = (entry.member, entry.form, entry.host)
        return self._forms[entry.member, entry.form] - self._hosts[host]

    def leave_out(self, entries: tuple[Entry, ...]) -> None:
        """Count a list's entries no longer."""
        self._hosts.subtract((entry.member, entry.form, entry.host) for entry in entries)
        self._forms.subtract((entry.member, entry.form) for entry in entries)


@dataclass(frozen=True)
class PortVotes:
    """Which ports the lists give, for each member (or stranger's host) and for everybody."""

    of_member: dict[str, Counter[int]]
    odd: frozenset[int | None]

    @classmethod
    def of(cls, lists: Lists) -> PortVotes:
        """Count the ports of these lists."""
        of_member: dict[str, Counter[int]] = {}
        for entry in (each for entries in lists.values() for each in entries):
            if entry.port:
                of_member.setdefault(entry.member or entry.host, Counter())[entry.port] += 1
        return cls(of_member, _odd_ports(lists))

    @cached_property
    def agree(self) -> bool:
        """Return whether all lists that name a member give it the same port."""
        return all(len(ports) == 1 for ports in self.of_member.values())

    @cached_property
    def usual(self) -> int | None:
        """Return the port that everybody has; `None` where each member has one of its own."""
        most = _most_votes(sum(self.of_member.values(), Counter()))
        return most if sum(most in ports for ports in self.of_member.values()) > 1 else None

    def is_odd(self, entry: Entry) -> bool:
        """Return whether an entry's port is not the members', where the lists do not agree on ports.

        Where each member has a port of its own, all lists that name it give the same.
        """
        if not entry.port:
            return False
        if self.agree:
            return entry.port in self.odd
        return entry.port != (self.usual or _most_votes(self.of_member[entry.member or entry.host]))


class Seeds:
    """Whom each list names: a member that most lists lack is one that seeds need not name."""

    def __init__(self, lists: Lists) -> None:
        self._named = {name: frozenset(each.member for each in entries) for name, entries in lists.items()}
        self._foreign = {name for name, entries in lists.items() if any(map(_is_foreign, entries))}

    def leave_out(self, name: str, peer: str) -> bool:
        """Return whether most other lists lack the member as well as this node's."""
        if name in self._foreign:
            return False
        others = self._named.keys() - self._foreign - {name, peer}
        if not others:  # only the peer's own list is left, which need not name the peer
            same = any(named == self._named[name] for other, named in self._named.items() if other != name)
            return same or name in self._named[name]  # who names itself has the list that every node has
        return 2 * sum(peer not in self._named[other] for other in others) > len(others)


def wrong_lists(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Return by node whose list is wrong the members that it lacks or leads elsewhere for."""
    every = entries_of(evidence)
    lists = comparable(every)
    hosts, ports, seeds = HostVotes(lists), PortVotes.of(every), Seeds(lists)
    trusted = _consistent(lists)

    def leads_to(name: str, peer: str) -> bool:
        entries = [each for each in lists[name] if each.member == peer]
        if not entries:
            return seeds.leave_out(name, peer)
        return any(
            not ports.is_odd(entry) and (name in trusted or not hosts.against(entry)) for entry in entries
        )

    wrong = {
        name: peers
        for name in lists
        if (peers := tuple(peer for peer in evidence.names if peer != name and not leads_to(name, peer)))
    }
    return wrong | {
        name: tuple(peer for peer in evidence.names if peer != name)
        for name, entries in every.items()
        if name not in lists and all(ports.is_odd(entry) for entry in entries)
    }


def peer_list_denials(facts: Facts) -> Iterator[Denial]:
    """Yield denials between a node and the members that its list lacks or leads elsewhere for."""
    every, wrong = entries_of(facts.evidence), wrong_lists(facts.evidence)
    # Where a node whose list is right meets other ids as well, an id is doubled, and no list explains them.
    elsewhere = any(facts.logged(name, "peer_mismatch") for name in every if name not in wrong)
    for name, peers in wrong.items():
        logged = facts.logged(name, "peer_mismatch")
        held = listed([entry.shown for entry in every[name]])
        signs = [f"{name}'s peer list does not lead to {listed(peers)}, it holds {held}"]
        if logged:
            signs.append(f"it logs {logged} peers of another id")
        sure = (bool(logged) and not elsewhere) or len(wrong) > 1
        because = f"{'; '.join(signs)} (agent:{name})"
        for position, peer in enumerate(peers):
            for pair in ((name, peer), (peer, name)):
                yield Denial(
                    RootCause.PEER_LIST_WRONG,
                    Known.CORROBORATED if sure else Known.BY_ONE,
                    because=because if position == 0 and pair[0] == name else "",
                    pair=pair,
                    by=None if sure else name,
                )
    yield from _doubtful_ports(every)


def _doubtful_ports(lists: Lists) -> Iterator[Denial]:
    """Yield that lists of another port than the documented one may be wrong, though most lists have it.

    Where lists disagree, the port of most may be a mistake made on most nodes: no reading says who listens.
    """
    of_member: dict[str, Counter[int]] = {}
    for entry in (each for entries in lists.values() for each in entries):
        if entry.port and entry.member:
            of_member.setdefault(entry.member, Counter())[entry.port] += 1
    disputed = {member for member, ports in of_member.items() if len(ports) > 1}
    counts = sum(of_member.values(), Counter())
    if DOCUMENTED_PORT not in counts or 2 * counts[DOCUMENTED_PORT] > counts.total():
        return
    for name, each_list in lists.items():
        for entry in each_list:
            peer = entry.member
            if peer and peer in disputed and entry.port not in (None, DOCUMENTED_PORT):
                lacks = f"the port on which {peer} listens: {entry.port} or {DOCUMENTED_PORT}"
                for pair in ((name, peer), (peer, name)):
                    yield Denial(RootCause.PEER_LIST_WRONG, Known.MAYBE, pair=pair, lacks=lacks)


def comparable(read: Lists) -> Lists:
    """Return the lists that can be held against the members: those that name some, or strangers."""
    # Addresses alone, or names of a domain that may be aliases, cannot be held against the members.
    known = {name for name, entries in read.items() if any(entry.member for entry in entries)}
    foreign = {name for name, entries in read.items() if any(map(_is_foreign, entries))}
    return {name: entries for name, entries in read.items() if name in known or (known and name in foreign)}


def _is_foreign(entry: Entry) -> bool:
    """Return whether an entry is the id, or the plain name of a host, of no member."""
    plain = entry.form == "name" and "." not in entry.host
    return entry.member is None and (entry.has_id or plain)


def _consistent(lists: Lists) -> frozenset[str]:
    """Return the nodes whose lists agree on every address, leaving out the most disputed in turn."""
    left, hosts = dict(lists), HostVotes(lists)
    while True:
        disputes = {
            name: sum(hosts.against(entry) for entry in entries if entry.member)
            for name, entries in left.items()
        }
        worst = max(sorted(disputes), key=lambda name: disputes[name], default=None)
        if worst is None or not disputes[worst]:
            return frozenset(left)
        hosts.leave_out(left.pop(worst))


def _odd_ports(lists: Lists) -> frozenset[int | None]:
    """Return the ports that fewer lists have for everybody than another one, where each list has one port.

    Lists of names and of addresses have no host in common, so only their ports can be compared.
    """
    used = [frozenset(entry.port for entry in entries) for entries in lists.values() if len(entries) > 1]
    if len(used) < 3 or any(len(ports) != 1 for ports in used):
        return frozenset()
    counts = Counter(next(iter(ports)) for ports in used)
    right = max(counts, key=lambda port: (counts[port], port == DOCUMENTED_PORT))
    told_apart = counts[right] > max((n for port, n in counts.items() if port != right), default=0)
    return frozenset(counts) - {right} if told_apart or right == DOCUMENTED_PORT else frozenset()


def _most_votes(ports: Counter[int]) -> int:
    return max(ports, key=lambda port: (ports[port], port == DOCUMENTED_PORT, -port))
