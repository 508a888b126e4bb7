"""Peer lists that are wrong: every node must name the same members, at the same addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.peer_addresses import Entry, entry_of
from runbooks.wording import listed

DOCUMENTED_PORT = 7878
"""Neumann's Raft port (operations/configuration); of two ports that are named as often, the likelier one."""

Lists = dict[str, tuple[Entry, ...]]
"""Node → the entries of its configured peers."""


def peer_list_denials(facts: Facts) -> Iterator[Denial]:
    """Yield denials between a node and the members that its list lacks or leads elsewhere for."""
    every = _lists(facts)
    lists = _comparable(every)
    wrong = {name: peers for name in lists if (peers := _strangers(facts, every, lists, name))}
    wrong |= {
        name: tuple(peer for peer in facts.names if peer != name)
        for name, entries in every.items()
        if name not in lists and all(_is_odd_port(every, entry) for entry in entries)
    }
    for name, peers in wrong.items():
        logged = facts.logged(name, "peer_mismatch")
        held = listed([entry.shown for entry in every[name]])
        signs = [f"{name}'s peer list does not lead to {listed(peers)}, it holds {held}"]
        if logged:
            signs.append(f"it logs {logged} peers of another id")
        sure = bool(logged) or len(wrong) > 1
        because = f"{'; '.join(signs)} (agent:{name})"
        for position, peer in enumerate(peers):
            for pair in ((name, peer), (peer, name)):
                yield Denial(
                    RootCause.PEER_LIST_WRONG,
                    Known.CORROBORATED if sure else Known.BY_ONE,
                    because=because if position == 0 and pair[0] == name else "",
                    pair=pair,
                )
    yield from _doubtful_ports(every)


def _doubtful_ports(lists: Lists) -> Iterator[Denial]:
    """Yield that lists of another port than the documented one may be wrong, though most lists have it.

    Where lists disagree, the port of most may be a mistake made on most nodes: no reading says who listens.
    """
    entries = [entry for each_list in lists.values() for entry in each_list if entry.port and entry.member]
    counts = Counter(entry.port for entry in entries)
    disputed = {
        entry.member
        for entry in entries
        if any(other.member == entry.member and other.port != entry.port for other in entries)
    }
    if DOCUMENTED_PORT not in counts or 2 * counts[DOCUMENTED_PORT] > len(entries):
        return
    for name, each_list in lists.items():
        for entry in each_list:
            peer = entry.member
            if peer and peer in disputed and entry.port not in (None, DOCUMENTED_PORT):
                lacks = f"the port on which {peer} listens: {entry.port} or {DOCUMENTED_PORT}"
                for pair in ((name, peer), (peer, name)):
                    yield Denial(RootCause.PEER_LIST_WRONG, Known.MAYBE, pair=pair, lacks=lacks)


def _lists(facts: Facts) -> Lists:
    return {
        node.node: tuple(entry_of(peer, facts.names) for peer in node.config.value.peers)
        for node in facts.evidence.nodes
        if node.config.value and node.config.value.peers
    }


def _comparable(read: Lists) -> Lists:
    """Return the lists that can be held against the members: those that name some, or strangers."""
    # Addresses alone, or names of a domain that may be aliases, cannot be held against the members.
    known = {name for name, entries in read.items() if any(entry.member for entry in entries)}
    foreign = {name for name, entries in read.items() if any(map(_is_foreign, entries))}
    return {name: entries for name, entries in read.items() if name in known or (known and name in foreign)}


def _is_foreign(entry: Entry) -> bool:
    """Return whether an entry is the id, or the plain name of a host, of no member."""
    plain = entry.form == "name" and "." not in entry.host
    return entry.member is None and (entry.has_id or plain)


def _strangers(facts: Facts, every: Lists, lists: Lists, name: str) -> tuple[str, ...]:
    """Return the members that a node's list does not lead to."""
    mine = {entry.member: entry for entry in lists[name] if entry.member}
    trusted = _consistent(lists)
    return tuple(
        peer
        for peer in facts.names
        if peer != name
        and (
            (peer not in mine and not _is_left_out(lists, name, peer))
            or (peer in mine and name not in trusted and _disputes(lists, name, peer))
            or (peer in mine and _is_odd_port(every, mine[peer]))
        )
    )


def _is_left_out(lists: Lists, name: str, peer: str) -> bool:
    """Return whether most other lists lack a member as well: they are seeds, which need not name all."""
    others = [
        entries
        for other, entries in lists.items()
        if other not in (name, peer) and not any(map(_is_foreign, entries))
    ]
    if any(map(_is_foreign, lists[name])):
        return False
    if not others:  # only the peer's own list is left, which need not name the peer
        return any(_named(lists[name]) == _named(lists[other]) for other in lists if other != name)
    lacking = sum(all(entry.member != peer for entry in entries) for entries in others)
    return 2 * lacking > len(others)


def _named(entries: tuple[Entry, ...]) -> frozenset[str | None]:
    return frozenset(entry.member for entry in entries)


def _consistent(lists: Lists) -> frozenset[str]:
    """Return the nodes whose lists agree on every address, leaving out the most disputed in turn."""
    left = set(lists)
    while True:
        among = {other: lists[other] for other in left}
        disputes = {
            name: sum(_disputes(among, name, entry.member) for entry in lists[name] if entry.member)
            for name in left
        }
        worst = max(sorted(disputes), key=lambda name: disputes[name], default=None)
        if worst is None or not disputes[worst]:
            return frozenset(left)
        left.remove(worst)


def _disputes(lists: Lists, name: str, peer: str) -> int:
    """Return how many other lists give a peer, in the same form, another host than this node's does."""
    mine = next(entry for entry in lists[name] if entry.member == peer)
    return sum(
        entry.member == peer and entry.form == mine.form and entry.host != mine.host
        for entries in lists.values()
        for entry in entries
    )


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


def _is_odd_port(lists: Lists, entry: Entry) -> bool:
    """Return whether an entry's port is not the members', where the lists do not agree on ports.

    Where each member has a port of its own, all lists that name it give the same.
    """
    entries = [each for each_list in lists.values() for each in each_list if each.port]
    of_member: dict[str, Counter[int | None]] = {}
    for each in entries:
        of_member.setdefault(each.member or each.host, Counter())[each.port] += 1
    if entry.port is None or all(len(ports) == 1 for ports in of_member.values()):
        return entry.port is not None and entry.port in _odd_ports(lists)
    usual = Counter(each.port for each in entries)
    right = max(usual, key=lambda port: (usual[port], port == DOCUMENTED_PORT))
    shared = sum(right in ports for ports in of_member.values()) > 1
    votes = of_member[entry.member or entry.host]
    by_member = max(votes, key=lambda port: (votes[port], port == DOCUMENTED_PORT))
    return entry.port != (right if shared else by_member)
