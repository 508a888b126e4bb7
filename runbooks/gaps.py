"""How far each node is behind the leader, and whether the gap closes: figures, without judging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from runbooks import raft
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Reading
from runbooks.model import Leadership
from runbooks.planning.node_check import leadership

MAX_LAG_ENTRIES = 1000
"""HighReplicationLag of Neumann's monitoring page fires above it."""

MIN_SPAN_S = 1.0
"""Two samples closer together show no speed: entries are applied in batches."""

MAX_APART_S = 5.0
"""Pages read further apart are not held against each other: where the leader stood then is not known."""

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
        head, speed = self.evidence.node(self.leader), self.commits_per_s
        for node in self.evidence.nodes:
            page = _newest(node)
            own, stood_at = (page.value, _stood_at(head, page.at)) if page else (None, None)
            if stood_at is None or own is None or own.commit_index is None or own.applied_index is None:
                continue
            # Applied is what is committed, and committed what the leader has: else a page is old, or lies.
            if own.applied_index > own.commit_index or own.commit_index > stood_at + MAX_LAG_ENTRIES:
                continue
            applied_per_s = _speed(node, "applied_index")
            yield Gap(
                node.node,
                missing=max(stood_at - own.commit_index, 0),
                unapplied=own.commit_index - own.applied_index,
                grows_per_s=None if speed is None or applied_per_s is None else speed - applied_per_s,
                applied_per_s=applied_per_s,
                received=_grown(node, "commit_index") or 0,
            )


def _newest(node: NodeEvidence) -> Reading[Metrics] | None:
    """Return the latest reading of a node's page that has a value."""
    readings = (node.metrics_again, node.metrics, node.local_metrics)
    return next((reading for reading in readings if reading.value), None)


def _stood_at(leader: NodeEvidence, at: datetime) -> int | None:
    """Return where the leader's commit index stood when another page was read.

    Pages are read one after the other: what the leader commits in between is no lag. Between its samples its
    index is taken to grow evenly, and before the first not to have been less. None where its index fell,
    which a restart does, or where the pages are too far apart to be compared.
    """
    first, last = leader.metrics, _newest(leader)
    if last is None or last.value is None or last.value.commit_index is None:
        return None
    now, since_s = last.value.commit_index, (last.at - at).total_seconds()
    if abs(since_s) > MAX_APART_S or (_grown(leader, "commit_index") or 0) < 0:
        return None
    speed, before = _speed(leader, "commit_index"), first.value.commit_index if first.value else None
    if speed is None or before is None:
        return now
    return max(round(now - speed * since_s), before)


def _speed(node: NodeEvidence, index: str) -> float | None:
    """Return how much an index of a node grew a second between the two samples.

    None without both, where they are too close together, and where an index fell: a process that is started
    anew begins with both at 0 (Raft, figure 2).
    """
    seconds = (node.metrics_again.at - node.metrics.at).total_seconds()
    grown = [_grown(node, each) for each in ("commit_index", "applied_index")]
    if seconds < MIN_SPAN_S or any(each is None or each < 0 for each in grown):
        return None
    return (_grown(node, index) or 0) / seconds


def _grown(node: NodeEvidence, index: str) -> int | None:
    before, after = node.metrics.value, node.metrics_again.value
    was, now = getattr(before, index, None), getattr(after, index, None)
    return None if was is None or now is None else int(now - was)
