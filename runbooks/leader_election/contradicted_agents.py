"""Agents whose word about their own links is contradicted by everybody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks import raft

if TYPE_CHECKING:
    from runbooks.leader_election.facts import Facts


def is_contradicted(facts: Facts, name: str) -> bool:
    """Return whether an agent, the only one whose connects fail, is contradicted by its peers and its pings.

    A firewall on the way out looks the same, but then peers that hear nothing of the node hold it failed
    in gossip. Where they do not, one agent's word is contradicted, so it is taken for unread, and a second
    witness would decide.
    """
    results = facts.told_results
    mine = [peer for peer in facts.names if (name, peer) in results and facts.up[peer] is not False]
    failed = {peer for peer in mine if results[name, peer] != "open"}
    reached = any(results.get((peer, name)) == "open" for peer in facts.names)
    pings = facts.node(name).pings.value or ()
    answered = any(ping.sent and ping.received == ping.sent and ping.peer in failed for ping in pings)
    alone = len(failed) > 1 and len(failed) == len(mine)
    return alone and reached and answered and not _is_missed(facts, name)


def _is_missed(facts: Facts, name: str) -> bool:
    """Return whether others' gossip holds somebody failed for no reason in their connects or clocks."""
    others = [peer for peer in facts.names if peer != name]
    gossip = raft.connect_results(facts.evidence, "gossip")
    explained = any(
        result != "open" and one != name and facts.up[other] for (one, other), result in gossip.items()
    )
    if explained or facts.skewed:
        return False
    return any(facts.gossip_failed(peer) for peer in others)
