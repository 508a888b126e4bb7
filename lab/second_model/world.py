"""The state of a cluster's nodes and links, and who would vote for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from typing import Literal

Pair = tuple[str, str]
Process = Literal["running", "stopped", "replaying", "hung", "crashing", "off"]
Chrony = Literal["synced", "no_source", "local", "unread"]
PeerForm = Literal["name", "domain", "address", "id", "seeds"]

WAL_NEEDS_BYTES = 100 * 1024 * 1024
MAX_SKEW_MS = 500.0


@dataclass
class Member:
    """One node; `off` is a host without power.

    `errno` is what its writes fail with, `accepted` whether peers accept its certificate, `own_id` whether
    no other node has its id. `resolves` is whether it finds its peers' addresses, `lacks` whom its peer list
    leaves out; `log_index` is the last entry of its log, `starved` the share of its agent's connects that
    time out for want of CPU.
    """

    process: Process = "running"
    since_s: float = 500_000.0
    free_bytes: int = 80_000_000_000
    errno: int | None = None
    stalled_percent: float = 0.3
    offset_ms: float = 0.0
    chrony: Chrony = "synced"
    accepted: bool = True
    version: int = 1
    has_files: bool = True
    peer_form: PeerForm = "name"
    wrong_port: bool = False
    agent: bool = True
    manager: bool = True
    own_id: bool = True
    resolves: bool = True
    lacks: frozenset[str] = frozenset()
    log_index: int = 900
    free_inodes: int | None = None
    read_only: bool = False
    starved: float = 0.0


@dataclass
class Link:
    """One direction between two nodes; `loss` is the share of packets that are lost.

    A rule that is `by_port` drops what goes to a port and lets answers from it through.
    """

    raft: str = "open"
    gossip: str = "open"
    loss: float = 0.0
    rtt_ms: float = 1.0
    by_port: bool = False


@dataclass
class World:
    """A cluster. `timeouts_ms` is what its files set, `None` where they leave the documented default.

    `frozen` is a Raft task that stands still everywhere; `stuck` is a leader whose entries are too large for
    the way to its followers, while heartbeats, which are small, come through.
    """

    members: dict[str, Member]
    links: dict[Pair, Link]
    timeouts_ms: tuple[int, int] | None = (150, 300)
    heartbeat_ms: int = 50
    log_level: Literal["error", "warn", "debug"] = "warn"
    frozen: bool = False
    stuck: bool = False
    old_lines: dict[str, int] = field(default_factory=dict)
    probe_lines: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the members' names."""
        return tuple(self.members)

    @property
    def quorum(self) -> int:
        """Return the votes that make a majority of the configured members."""
        return len(self.members) // 2 + 1


def serves(member: Member) -> bool:
    """Return whether a process takes part in anything."""
    return member.process == "running"


def writes(member: Member) -> bool:
    """Return whether a node can keep a vote."""
    return member.free_bytes >= WAL_NEEDS_BYTES and member.errno is None


def shakes_hands(one: Member, other: Member) -> bool:
    """Return whether a connection between two nodes comes about."""
    return one.accepted and other.accepted and one.version == other.version


def leads_to(world: World, one: str, other: str) -> bool:
    """Return whether two nodes find each other by their peer lists."""
    here, there = world.members[one], world.members[other]
    named = other not in here.lacks and one not in there.lacks
    found = here.resolves and there.resolves and here.own_id and there.own_id
    return named and found and not here.wrong_port and not there.wrong_port


def talk(world: World, one: str, other: str) -> bool:
    """Return whether Raft messages go to and fro between two nodes."""
    here, there = world.members[one], world.members[other]
    return (
        all(map(serves, (here, there)))
        and shakes_hands(here, there)
        and here.has_files
        and there.has_files
        and leads_to(world, one, other)
        and world.links[one, other].raft == world.links[other, one].raft == "open"
    )


def holds_healthy(world: World, observer: str, peer: str) -> bool:
    """Return whether gossip holds a peer healthy: it is heard, also over a third, and the clocks agree."""
    here, there = world.members[observer], world.members[peer]
    if not serves(there) or abs(here.offset_ms - there.offset_ms) > MAX_SKEW_MS:
        return False
    return _gossips(world, observer, peer) or any(
        _gossips(world, observer, third) and _gossips(world, third, peer)
        for third in world.names
        if third not in (observer, peer)
    )


def _gossips(world: World, one: str, other: str) -> bool:
    here, there = world.members[one], world.members[other]
    ways = world.links[one, other], world.links[other, one]
    heard = all(way.gossip == "open" for way in ways) and shakes_hands(here, there)
    # Gossip goes over the same connections as Raft, so it ends where a handshake or a name fails.
    heard = heard and here.resolves and there.resolves and here.own_id and there.own_id
    return serves(here) and serves(there) and heard and here.has_files and there.has_files


def failed(world: World, name: str) -> int:
    """Return how many peers a node's gossip holds failed."""
    return sum(not holds_healthy(world, name, peer) for peer in world.names if peer != name)


def electable(world: World) -> tuple[str, ...]:
    """Return who would get a majority of the configured votes."""
    able = [name for name, member in world.members.items() if serves(member) and writes(member)]
    return tuple(
        name
        for name in able
        if 1 + sum(votes_for(world, peer, name) for peer in able if peer != name) >= world.quorum
    )


def votes_for(world: World, voter: str, candidate: str) -> bool:
    """Return whether a node gives its vote: it is asked, holds the candidate healthy, has no newer log."""
    newer = world.members[voter].log_index > world.members[candidate].log_index
    return talk(world, candidate, voter) and holds_healthy(world, voter, candidate) and not newer


def timeouts_of(world: World) -> tuple[int, int]:
    """Return the election timeouts in force."""
    return world.timeouts_ms or (150, 300)


def late(world: World) -> bool:
    """Return whether no answer is back before the shortest election timeout ends."""
    return max(link.rtt_ms for link in world.links.values()) >= timeouts_of(world)[0]


def churns(world: World) -> bool:
    """Return whether leaders come and go although somebody could be elected."""
    low = timeouts_of(world)[0]
    slowest = max(link.rtt_ms for link in world.links.values())
    lossy = max(link.loss for link in world.links.values()) > 0.2
    stalled = sum(member.stalled_percent > 50 for member in world.members.values())
    slow_disks = len(world.members) - stalled < world.quorum
    return slowest * 2 > low or world.heartbeat_ms >= low or lossy or slow_disks


def sound(names: tuple[str, ...]) -> World:
    """Return a cluster in which nothing is wrong."""
    return World({name: Member() for name in names}, {pair: Link() for pair in permutations(names, 2)})
