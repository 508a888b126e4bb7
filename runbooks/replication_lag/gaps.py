"""How far each node is behind the leader, and whether the gap closes: figures, without judging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runbooks import raft
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Reading
from runbooks.model import Leadership
from runbooks.node_check import leadership

MAX_LAG_ENTRIES = 1000
"""HighReplicationLag of Neumann's monitoring page fires above it."""

SOON_S = 3600.0
"""A gap that closes within the hour closes by itself; more slowly is within what two samples may miss."""


@dataclass(frozen=True)
class Gap:
    """How far one node is behind, in entries.

    Args:
        node: The node.
        missing: Entries that the leader has committed and the node does not know as committed.
        unapplied: Entries that it knows as committed and has not applied; Neumann's own rule measures this.
        grows_per_s: By how much the sum of both grows, below zero where it closes; None with one sample.
        applied_per_s: How many entries it applies; None with one sample.
        received: How many entries it learned to be committed between the samples.
    """

    node: str
    missing: int
    unapplied: int
    grows_per_s: float | None = None
    applied_per_s: float | None = None
    received: int = 0

    @property
    def entries(self) -> int:
        """Return what it has still to apply until it stands where the leader stood."""
        return self.missing + self.unapplied

    @property
    def closes_in_s(self) -> float | None:
        """Return when the gap will have closed at this speed; None where that is not within the hour."""
        if self.grows_per_s is None or self.grows_per_s >= 0:
            return None
        left_s = self.entries / -self.grows_per_s
        return left_s if left_s < SOON_S else None


class Gaps:
    """Every node's gap to the leader of one evidence.

    Args:
        evidence: What was read of the cluster.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Work out who leads and how far each node is behind it."""
        self.evidence = evidence
        self.leadership: Leadership = leadership(evidence)
        self.up = raft.processes(evidence)
        self.of: dict[str, Gap] = {gap.node: gap for gap in self._gaps()}

    @property
    def leader(self) -> str | None:
        """Return the node that leads with a majority."""
        return self.leadership.leader if self.leadership.majority else None

    @property
    def behind(self) -> tuple[str, ...]:
        """Return the nodes that are behind by more than the alert allows, the furthest first."""
        late = [gap for gap in self.of.values() if gap.entries > MAX_LAG_ENTRIES]
        return tuple(gap.node for gap in sorted(late, key=lambda gap: -gap.entries))

    @property
    def unread(self) -> tuple[str, ...]:
        """Return the nodes that are not known to be down and whose gap is not known."""
        return tuple(
            name for name in self.evidence.names if name not in self.of and self.up[name] is not False
        )

    @property
    def down(self) -> tuple[str, ...]:
        """Return the nodes whose process is known to be gone."""
        return tuple(name for name in self.evidence.names if self.up[name] is False)

    @property
    def commits_per_s(self) -> float | None:
        """Return how many entries the leader commits a second."""
        if self.leader is None:
            return None
        return _speed(self.evidence.node(self.leader), "commit_index")

    def _gaps(self) -> Iterator[Gap]:
        if self.leader is None:
            return
        head, speed = _newest(self.evidence.node(self.leader)), self.commits_per_s
        for node in self.evidence.nodes:
            page = _newest(node)
            if not head or not page or not head.value or not page.value:
                continue
            own, newest = page.value, head.value.commit_index
            if newest is None or own.commit_index is None or own.applied_index is None:
                continue
            # Pages are read one after the other: what the leader committed in between is no lag.
            since_s = (head.at - page.at).total_seconds()
            applied_per_s = _speed(node, "applied_index")
            yield Gap(
                node.node,
                missing=max(round(newest - (speed or 0.0) * since_s) - own.commit_index, 0),
                unapplied=max(own.commit_index - own.applied_index, 0),
                grows_per_s=None if speed is None or applied_per_s is None else speed - applied_per_s,
                applied_per_s=applied_per_s,
                received=_grown(node, "commit_index") or 0,
            )


def _newest(node: NodeEvidence) -> Reading[Metrics] | None:
    """Return the latest reading of a node's page that has a value."""
    readings = (node.metrics_again, node.metrics, node.local_metrics)
    return next((reading for reading in readings if reading.value), None)


def _speed(node: NodeEvidence, index: str) -> float | None:
    """Return how much an index of a node grew a second between the two samples; None without both."""
    grown, seconds = _grown(node, index), (node.metrics_again.at - node.metrics.at).total_seconds()
    return None if grown is None or seconds <= 0 else grown / seconds


def _grown(node: NodeEvidence, index: str) -> int | None:
    before, after = node.metrics.value, node.metrics_again.value
    was, now = getattr(before, index, None), getattr(after, index, None)
    return None if was is None or now is None else int(now - was)
