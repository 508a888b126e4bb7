"""What Raft makes of a world: who could win an election, and whether a leader would stay.

Votes as NEUMANN's code counts them: a vote takes a message there and back, a log that is not newer than the
candidate's, a candidate that gossip holds healthy, and a disk with room for the vote.
"""

from __future__ import annotations

from statistics import median
from typing import Literal

from lab.scenarios.world import NodeState, World

Outcome = Literal["steady", "storm", "no_leader"]

# Neumann refuses to write its log of record below this (100 MiB and a header).
WAL_NEEDS_BYTES = 104_857_641
MAX_SKEW_MS = 500.0
STORM_LOSS = 0.2
# A quarter of the redraws fall below this share of the timeout's minimum plus jitter: votes come too late.
STORM_RTT_SHARE = 0.5
STALLED_PERCENT = 50.0


def outcome(world: World) -> Outcome:
    """Return whether this cluster has a leader that stays."""
    able = electable(world)
    if not able:
        return "no_leader"
    storms = is_lossy(world) or is_slow(world) or is_stalling(world) or is_torn(world, able)
    return "storm" if storms else "steady"


def electable(world: World) -> list[str]:
    """Return who would win an election if it stood, and does stand."""
    if world.tie_break_blocks:
        return []
    return [
        name
        for name, node in world.nodes.items()
        if node.runs and node.campaigns and can_persist(node) and len(voters(world, name)) + 1 >= world.quorum
    ]


def voters(world: World, candidate: str) -> list[str]:
    """Return which peers would grant `candidate` their vote."""
    return [
        peer
        for peer in pre_voters(world, candidate)
        if can_persist(world.nodes[peer]) and holds_healthy(world, peer, candidate)
    ]


def pre_voters(world: World, candidate: str) -> list[str]:
    """Return which peers would grant a pre-vote: gossip is not asked, and nothing is written."""
    behind = world.nodes[candidate].log_behind
    return [
        peer
        for peer in world.names
        if two_way(world, candidate, peer) and world.nodes[peer].log_behind >= behind
    ]


def may_campaign(world: World, name: str) -> bool:
    """Return whether a node without a leader raises its term; with pre-vote only if a majority agrees."""
    node = world.nodes[name]
    if not (node.runs and node.campaigns and can_persist(node)):
        return False
    return not world.pre_vote or len(pre_voters(world, name)) + 1 >= world.quorum


def can_persist(node: NodeState) -> bool:
    """Return whether the log of record takes a term or a vote."""
    return node.free_bytes >= WAL_NEEDS_BYTES


def holds_healthy(world: World, observer: str, peer: str) -> bool:
    """Return whether gossip lets `observer` believe in `peer`: it hears it, and their clocks agree."""
    here, there = world.nodes[observer], world.nodes[peer]
    speaks = there.host_up and there.process in {"running", "frozen"}
    if not speaks or world.links[peer, observer, "gossip"].mode != "open":
        return False
    return abs(here.offset_ms - there.offset_ms) <= MAX_SKEW_MS


def two_way(world: World, one: str, other: str) -> bool:
    """Return whether two members talk Raft in both directions."""
    return one != other and hears(world, one, other) and hears(world, other, one)


def hears(world: World, receiver: str, sender: str) -> bool:
    """Return whether Raft messages of `sender` reach `receiver`."""
    here, there = world.nodes[receiver], world.nodes[sender]
    known = there.listed.get(receiver) == receiver and here.listed.get(sender) == sender
    trusted = here.tls_ok and there.tls_ok
    return (
        here.runs
        and there.runs
        and known
        and trusted
        and world.links[sender, receiver, "raft"].mode == "open"
    )


def is_lossy(world: World) -> bool:
    """Return whether so many heartbeats are lost that elections follow one another (SAFETY, section 4)."""
    return median(link.loss for (_, _, port), link in world.links.items() if port == "raft") >= STORM_LOSS


def is_slow(world: World) -> bool:
    """Return whether votes and heartbeats take too much of the shortest election timeout."""
    rtt_ms = median(
        link.rtt_ms + link.jitter_ms for (_, _, port), link in world.links.items() if port == "raft"
    )
    return rtt_ms > STORM_RTT_SHARE * min(node.timeout_min_ms for node in world.nodes.values())


def is_stalling(world: World) -> bool:
    """Return whether so many disks stall that no leader gets its entries down in time."""
    good = [n for n in world.nodes.values() if n.runs and n.io_stalled_percent < STALLED_PERCENT]
    return len(good) < world.quorum and any(
        n.runs and n.io_stalled_percent >= STALLED_PERCENT for n in world.nodes.values()
    )


def is_torn(world: World, able: list[str]) -> bool:
    """Return whether whoever leads is unseated by a member that does not hear it."""
    return all(is_unseated(world, leader) for leader in able)


def is_unseated(world: World, leader: str) -> bool:
    """Return whether a member that does not hear `leader` raises its term or that of a follower of it.

    With pre-vote it would have to ask first, and those that hear a leader refuse.
    """
    followers = [name for name in world.names if name == leader or hears(world, name, leader)]
    return not world.pre_vote and any(
        may_campaign(world, name) and any(hears(world, follower, name) for follower in followers)
        for name in world.names
        if name not in followers
    )
