"""Peer lists that are wrong: every node must name the same members, at the same addresses."""

from __future__ import annotations

from collections import Counter

from runbooks.leader_election.facts import Facts
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.words import listed
from runbooks.model import Finding, RootCause, Verdict


def peer_lists(facts: Facts, _: Structure) -> Finding | None:
    """Compare the configured lists with the inventory and with each other."""
    lists = {
        node.node: dict(_entry(peer) for peer in node.config.value.peers)
        for node in facts.evidence.nodes
        if node.config.value and node.config.value.peers
    }
    signs: dict[str, list[str]] = {}
    for name, wrong in (*_wrong_names(facts, lists).items(), *_wrong_addresses(lists).items()):
        signs.setdefault(name, []).append(wrong)
    for name in facts.names:
        if facts.logged(name, "peer_mismatch"):
            signs.setdefault(name, []).append("logs that a peer has another id than expected")
    if not signs:
        return None
    sure = len(signs) > 1 or any(len(words) > 1 for words in signs.values())
    return Finding(
        cause=RootCause.PEER_LIST_WRONG,
        verdict=Verdict.CONFIRMED if sure else Verdict.LIKELY,
        nodes=tuple(name for name in facts.names if name in signs),
        evidence_for=tuple(f"{name} {'; '.join(words)} (agent:{name})" for name, words in signs.items()),
    )


def _entry(peer: str) -> tuple[str, str]:
    """(name, address) of `node2=10.0.0.2:9300`; of `node2:7878`, the host is both."""
    name, _, address = peer.partition("=")
    host = name.rsplit(":", 1)[0].strip()
    return host, address.strip() or host


def _wrong_names(facts: Facts, lists: dict[str, dict[str, str]]) -> dict[str, str]:
    """Lists that do not name the configured members; only where some list names them at all: with bare
    addresses everywhere there is nothing to compare with."""
    everyone = set(facts.names)
    if not any(set(peers) & everyone for peers in lists.values()):
        return _unlike_the_others(lists)
    return {
        name: f"names {listed(sorted(peers))}, the cluster is {listed(facts.names)}"
        for name, peers in lists.items()
        if set(peers) | {name} != everyone
    }


def _unlike_the_others(lists: dict[str, dict[str, str]]) -> dict[str, str]:
    """Bare addresses: together with the node itself, every list should hold as many members."""
    sizes = Counter(len(peers) for peers in lists.values())
    if len(sizes) < 2:
        return {}
    usual, _ = sizes.most_common(1)[0]
    return {
        name: f"names {len(peers)} peers, most name {usual}"
        for name, peers in lists.items()
        if len(peers) != usual
    }


def _wrong_addresses(lists: dict[str, dict[str, str]]) -> dict[str, str]:
    """Lists that give a member another address than most lists do."""
    votes: dict[str, Counter[str]] = {}
    for peers in lists.values():
        for peer, address in peers.items():
            votes.setdefault(peer, Counter())[address] += 1
    wrong = {}
    for name, peers in lists.items():
        strange = [peer for peer, address in peers.items() if _usual(votes[peer]) != address]
        if strange:
            wrong[name] = f"gives {listed(strange)} another address than other nodes do"
    return wrong


def _usual(addresses: Counter[str]) -> str | None:
    """The address that most lists give; `None` where they are at odds."""
    (first, count), *others = addresses.most_common(2)
    return None if others and others[0][1] == count else first
