"""Peer lists that are wrong: every node must name the same members, at the same addresses."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.wording import listed

Lists = dict[str, dict[str, str]]
"""Node → the peers it is configured with, name → address."""


def peer_list_denials(facts: Facts) -> Iterator[Denial]:
    """Yield denials between a node and the members that its list lacks or has under another's address."""
    lists = _lists(facts)
    strangers = {name: _strangers(facts, lists, name) for name in lists}
    wrong = {name: peers for name, peers in strangers.items() if peers}
    for name, peers in wrong.items():
        logged = facts.logged(name, "peer_mismatch")
        signs = [f"{name}'s peer list does not lead to {listed(peers)}, it holds {_shown(lists[name])}"]
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


def _lists(facts: Facts) -> Lists:
    return {
        node.node: dict(_entry(peer) for peer in node.config.value.peers)
        for node in facts.evidence.nodes
        if node.config.value and node.config.value.peers
    }


def _entry(peer: str) -> tuple[str, str]:
    """Return (name, address) of `node2=10.0.0.2:9300`; of `node2:7878`, the host is both."""
    name, _, address = peer.partition("=")
    host = name.rsplit(":", 1)[0].strip()
    return host, address.strip() or host


def _strangers(facts: Facts, lists: Lists, name: str) -> tuple[str, ...]:
    """Return the members that a node's list does not lead to; none where all lists hold bare addresses."""
    everyone = set(facts.names)
    if not any(set(peers) & everyone for peers in lists.values()):
        return ()
    mine, trusted = lists[name], _consistent(lists)
    return tuple(
        peer
        for peer in facts.names
        if peer != name and (peer not in mine or (name not in trusted and _disputes(lists, name, peer)))
    )


def _consistent(lists: Lists) -> frozenset[str]:
    """Return the nodes whose lists agree on every address, leaving out the most disputed in turn."""
    left = set(lists)
    while True:
        disputes = {
            name: sum(_disputes({other: lists[other] for other in left}, name, peer) for peer in lists[name])
            for name in left
        }
        worst = max(sorted(disputes), key=lambda name: disputes[name], default=None)
        if worst is None or not disputes[worst]:
            return frozenset(left)
        left.remove(worst)


def _disputes(lists: Lists, name: str, peer: str) -> int:
    """Return how many other lists give a peer another address than this node's does."""
    mine = lists[name].get(peer)
    return sum(peer in peers and peers[peer] != mine for peers in lists.values())


def _shown(peers: dict[str, str]) -> str:
    return listed([name if name == address else f"{name}={address}" for name, address in peers.items()])
