"""Peer lists held against each other, as the leader-election runbook judges them."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.leader_election.denials.peer_addresses import Entry, Lists, entries_of
from runbooks.leader_election.denials.peer_lists import comparable, wrong_lists
from runbooks.wording import counted, listed

MAX_PEERS = 2
"""Members named for each list: there may be many lists."""


def wrong_entries(evidence: Evidence) -> dict[str, str]:
    """Return by node whose list is wrong what is so, as a sentence has it."""
    said = {
        name: f"{name} does not lead to {listed(peers, MAX_PEERS)}"
        for name, peers in wrong_lists(evidence).items()
    }
    lacking = {name: count for name, count in _lacking(_nameless(evidence)).items() if name not in said}
    return said | {
        name: f"{name} lacks {counted(count, 'member')} that others name" for name, count in lacking.items()
    }


def not_comparable(evidence: Evidence) -> tuple[str, ...]:
    """Return the nodes whose lists cannot be held against most others: addresses beside names."""
    every, nameless = entries_of(evidence), _nameless(evidence)
    groups = [each for each in (every.keys() - nameless.keys(), *map(set, _alike(nameless))) if each]
    most = max(groups, key=len, default=set())
    return tuple(name for name in every if name not in most)


def _nameless(evidence: Evidence) -> Lists:
    """Return the lists that name no member: of addresses alone, or of aliases."""
    every = entries_of(evidence)
    return {name: entries for name, entries in every.items() if name not in comparable(every)}


def _alike(lists: Lists) -> list[Lists]:
    """Return the lists of addresses and those of names apart."""
    groups: dict[frozenset[str], Lists] = {}
    for name, entries in lists.items():
        groups.setdefault(frozenset(entry.form for entry in entries), {})[name] = entries
    return list(groups.values())


def _lacking(lists: Lists) -> dict[str, int]:
    """Return by node how many addresses its list lacks that at least half of the others hold.

    Its own may be left out, and so may what most leave out, as seeds do.
    """
    found: dict[str, int] = {}
    for group in _alike(lists):
        held = {name: frozenset(map(_address, entries)) for name, entries in group.items()}
        for name, mine in held.items():
            others = [theirs for other, theirs in held.items() if other != name]
            lacks = [
                address
                for address in frozenset().union(*others) - mine
                if 2 * sum(address in theirs for theirs in others) >= len(others)
            ]
            if len(lacks) > 1:
                found[name] = len(lacks) - 1
    return found


def _address(entry: Entry) -> tuple[str, int | None]:
    return entry.host, entry.port
