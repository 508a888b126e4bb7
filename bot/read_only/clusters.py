"""The documents of clusters: their names, the live status of one, and its posture."""

from __future__ import annotations

from enum import StrEnum
from itertools import permutations

from pydantic import AwareDatetime

from bot.evidence_tables import not_read
from bot.read_only.answer import Document
from handlers.commands.answers import ElectionStatus
from runbooks import raft
from runbooks.clocks import says_time
from runbooks.evidence import Evidence, NodeEvidence, Role
from runbooks.model import CanElect, Leadership
from runbooks.posture.model import Check, Line, Posture, Severity
from runbooks.posture.rules import RULES


class ClusterState(StrEnum):
    """Whether a cluster is led. What nobody answers for is never taken for led."""

    LED = "led"
    NO_LEADER = "no_leader"
    COULD_NOT_BE_READ = "could_not_be_read"


def state_of(leadership: Leadership | None) -> ClusterState:
    """Return a cluster's state; `None` is a cluster of which no node answers."""
    if leadership is None:
        return ClusterState.COULD_NOT_BE_READ
    return ClusterState.LED if leadership.leader and leadership.majority else ClusterState.NO_LEADER


class ClusterNames(Document):
    """The configured clusters."""

    clusters: tuple[str, ...]


class NodeStatus(Document):
    """What a node says of itself; null is what could not be read."""

    node: str
    role: Role | None
    term: int | None
    commit_index: int | None
    elections_total: int | None
    service: str | None
    clock_offset_ms: float | None

    @classmethod
    def of(cls, node: NodeEvidence) -> NodeStatus:
        """Return a node's document."""
        metrics, service, clock = node.newest_metrics, node.service.value, node.clock.value
        return cls(
            node=node.node,
            role=metrics.role if metrics else None,
            term=metrics.term if metrics else None,
            commit_index=metrics.commit_index if metrics else None,
            elections_total=metrics.elections_total if metrics else None,
            service=service.state if service else None,
            clock_offset_ms=clock.offset_ms if clock and says_time(clock) else None,
        )


class LinkStatus(Document):
    """What `observer` got when it connected to `peer`: `open`, what went wrong, or null if nobody knows."""

    observer: str
    peer: str
    raft: str | None
    gossip: str | None


def _links(evidence: Evidence) -> tuple[LinkStatus, ...]:
    raft_port, gossip = (raft.connect_results(evidence, port) for port in ("raft", "gossip"))
    return tuple(
        LinkStatus(
            observer=one, peer=other, raft=raft_port.get((one, other)), gossip=gossip.get((one, other))
        )
        for one, other in permutations(evidence.names, 2)
    )


class ClusterStatus(Document):
    """A cluster as it was read just now and judged by the leader-election runbook.

    `not_read` has a line for what could not be read and why; nodes that fail alike share it.
    """

    cluster: str
    read_at: AwareDatetime
    state: ClusterState
    leader: str | None
    term: int | None
    acknowledged_by: tuple[str, ...]
    can_elect: CanElect
    can_elect_reason: str
    summary: str
    nodes: tuple[NodeStatus, ...]
    links: tuple[LinkStatus, ...]
    not_read: tuple[str, ...]

    @classmethod
    def of(cls, status: ElectionStatus) -> ClusterStatus:
        """Return a status' document."""
        evidence, diagnosis = status.evidence, status.diagnosis
        lead = diagnosis.leadership
        answers = any(node.newest_metrics for node in evidence.nodes)
        return cls(
            cluster=evidence.cluster,
            read_at=evidence.started_at,
            state=state_of(lead if answers else None),
            leader=lead.leader,
            term=lead.term,
            acknowledged_by=lead.acknowledged_by,
            can_elect=diagnosis.can_elect,
            can_elect_reason=diagnosis.can_elect_reason,
            summary=diagnosis.summary,
            nodes=tuple(map(NodeStatus.of, evidence.nodes)),
            links=_links(evidence),
            not_read=not_read(evidence, limit=None),
        )


class PostureLine(Document):
    """One check: how severe, what is so, what to do, since when, and the rule with its source."""

    check: Check
    severity: Severity
    fact: str
    advice: str
    nodes: tuple[str, ...]
    since: AwareDatetime | None
    muted_until: AwareDatetime | None
    rule: str
    source: str

    @classmethod
    def of(cls, line: Line) -> PostureLine:
        """Return a line's document."""
        rule = RULES[line.check]
        return cls(**line.model_dump(exclude={"muted_by"}), rule=rule.sentence, source=rule.source)


class ClusterPosture(Document):
    """What a cluster can lose and what may break next, the worst first; `samples` readings are kept of it."""

    cluster: str
    read_at: AwareDatetime
    worst: Severity
    samples: int
    lines: tuple[PostureLine, ...]

    @classmethod
    def of(cls, posture: Posture) -> ClusterPosture:
        """Return a posture's document."""
        return cls(
            cluster=posture.cluster,
            read_at=posture.at,
            worst=posture.worst,
            samples=posture.samples,
            lines=tuple(map(PostureLine.of, posture.lines)),
        )
