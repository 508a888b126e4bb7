"""The content of a link map before layout: each node's standing, and each direction with both ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import permutations

from runbooks import raft
from runbooks.clocks import is_surely_skewed
from runbooks.evidence import ConnectResult, Evidence, NodeEvidence, Role
from runbooks.model import CanElect, Diagnosis, Leadership


class WayState(StrEnum):
    """The state of one direction between two nodes. Unknown is not failed."""

    OPEN = "open"
    FAILED = "failed"
    GOSSIP_FAILED = "gossip failed"
    UNKNOWN = "unknown"


class NodeRole(StrEnum):
    """A node's role, as far as it was read."""

    LEADER = "leader"
    CLAIMANT = "claims to lead"
    CANDIDATE = "candidate"
    FOLLOWER = "follower"
    RUNNING = "running"
    DOWN = "down"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Way:
    """One direction: what the observer's connects to the peer's two ports gave."""

    observer: str
    peer: str
    raft: ConnectResult
    gossip: ConnectResult

    @property
    def state(self) -> WayState:
        """Return the state it is drawn in; Raft's port goes first, since votes run over it."""
        if self.raft not in ("open", "unknown"):
            return WayState.FAILED
        if self.gossip not in ("open", "unknown"):
            return WayState.GOSSIP_FAILED
        return WayState.UNKNOWN if "unknown" in (self.raft, self.gossip) else WayState.OPEN

    @property
    def words(self) -> str:
        """Return what went wrong: nothing where it is open, one word where both ports gave the same."""
        if self.state is WayState.OPEN:
            return ""
        if self.raft == self.gossip:
            return "" if self.raft == "unknown" else self.raft
        said = {"raft": self.raft, "gossip": self.gossip}
        return ", ".join(
            f"{port} {'?' if gave == 'unknown' else gave}" for port, gave in said.items() if gave != "open"
        )


@dataclass(frozen=True)
class NodeMark:
    """One node as it is drawn. `reaches` counts itself and whom it reaches both ways over Raft: surely so,
    and at most; `clock_off_ms` is its offset where that is beyond the recommended limit."""

    name: str
    standing: NodeRole
    term: int | None
    reaches: tuple[int, int]
    clock_off_ms: float | None = None


@dataclass(frozen=True)
class LinkMap:
    """Everything that a link map shows. `quorum` is how many votes make a majority."""

    cluster: str
    at: datetime
    complete: bool
    can_elect: CanElect
    reason: str
    leadership: Leadership
    quorum: int
    nodes: tuple[NodeMark, ...]
    ways: tuple[Way, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the configured members, in order."""
        return tuple(node.name for node in self.nodes)

    @cached_property
    def by_pair(self) -> dict[raft.Pair, Way]:
        """Map observer and peer to the direction between them."""
        return {(way.observer, way.peer): way for way in self.ways}

    @cached_property
    def states(self) -> dict[raft.Pair, tuple[str, str]]:
        """Map observer and peer to the results of both ports."""
        return {pair: (way.raft, way.gossip) for pair, way in self.by_pair.items()}


def link_facts(evidence: Evidence, diagnosis: Diagnosis) -> LinkMap:
    """Return what the map of this evidence shows, with the answer that the thread gives."""
    up, links = raft.processes(evidence), raft.links(evidence, "raft")
    return LinkMap(
        cluster=evidence.cluster,
        at=evidence.started_at,
        complete=evidence.complete,
        can_elect=diagnosis.can_elect,
        reason=diagnosis.can_elect_reason,
        leadership=diagnosis.leadership,
        quorum=raft.quorum(len(evidence.nodes)),
        nodes=tuple(_mark(node, up, links, diagnosis.leadership) for node in evidence.nodes),
        ways=_ways(evidence),
    )


def _ways(evidence: Evidence) -> tuple[Way, ...]:
    gave: dict[tuple[str, str, str], ConnectResult] = {
        (node.node, connect.peer, connect.port): connect.result
        for node in evidence.nodes
        for connect in node.connects.value or ()
    }
    return tuple(
        Way(
            one, other, gave.get((one, other, "raft"), "unknown"), gave.get((one, other, "gossip"), "unknown")
        )
        for one, other in permutations(evidence.names, 2)
    )


def _mark(
    node: NodeEvidence, up: Mapping[str, raft.Tri], links: Mapping[raft.Pair, raft.Tri], lead: Leadership
) -> NodeMark:
    metrics, clock = node.newest_metrics, node.clock.value
    return NodeMark(
        name=node.node,
        standing=_standing(node, up[node.node], lead),
        term=metrics.term if metrics else None,
        reaches=_reaches(node.node, up, links),
        clock_off_ms=clock.offset_ms if clock and is_surely_skewed(clock) else None,
    )


def _standing(node: NodeEvidence, is_up: raft.Tri, leadership: Leadership) -> NodeRole:
    if is_up is False:
        return NodeRole.DOWN
    role = node.newest_metrics.role if node.newest_metrics else None
    if role is Role.LEADER:
        leads = leadership.leader == node.node and leadership.majority
        return NodeRole.LEADER if leads else NodeRole.CLAIMANT
    if role is not None:
        return NodeRole.CANDIDATE if role is Role.CANDIDATE else NodeRole.FOLLOWER
    return NodeRole.RUNNING if is_up else NodeRole.UNKNOWN


def _reaches(name: str, up: Mapping[str, raft.Tri], links: Mapping[raft.Pair, raft.Tri]) -> tuple[int, int]:
    """Return the fewest and the most nodes that hear this one and are heard by it, itself included."""
    if up[name] is False:
        return 0, 0
    peers = [peer for peer in up if peer != name and up[peer] is not False]
    both = {peer: (links[name, peer], links[peer, name]) for peer in peers}
    sure = sum(up[peer] is True and both[peer] == (True, True) for peer in peers)
    at_most = sum(False not in both[peer] for peer in peers)
    return (1 + sure if up[name] else 0), 1 + at_most
