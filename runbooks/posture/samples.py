"""What is kept of each reading, so that a later one can be compared: small, and bounded for any cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from runbooks.clocks import believed_clocks, says_time
from runbooks.evidence import Clock, Evidence, NodeEvidence, Ping
from runbooks.raft import Pair

MAX_PAIRS = 132
"""Pairs kept of a sample: all of twelve nodes, of more the same ones each time, at least one from each."""

KEPT_SAMPLES = 672
"""A week at the default of one sample in 15 minutes."""


class _Kept(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What all of a sample has: a week of a large cluster is 100,000 of these, so they are no models."""


class NodeSample(_Kept, frozen=True):
    """One node's figures; `None` is what could not be read.

    `offset_ms` is only there where the clock says true time, and the bot's own look does not belie it.
    """

    elections_total: int | None = None
    restarts: int | None = None
    offset_ms: float | None = None
    free_bytes: int | None = None
    memory_bytes: int | None = None
    log_bytes: int | None = None
    data_bytes: int | None = None
    cpu_seconds: float | None = None
    commit_index: int | None = None
    transactions: int | None = None
    deadlocks: int | None = None


class PairSample(_Kept, frozen=True):
    """What one node's ping to another gave."""

    one: str
    other: str
    sent: int
    received: int
    rtt_ms: float | None = None


class Sample(_Kept, frozen=True):
    """One reading of a cluster, cut down to what trends need.

    `slowest_rtt_ms` is the mean round trip of the slowest pair, of all pairs and not of the kept ones alone.
    """

    at: Annotated[datetime, Meta(tz=True)]
    nodes: dict[str, NodeSample]
    pairs: tuple[PairSample, ...] = ()
    slowest_rtt_ms: float | None = None


def sample_of(evidence: Evidence) -> Sample:
    """Return what is kept of a reading."""
    pings = [
        (node.node, ping)
        for node in evidence.nodes
        for ping in node.pings.value or ()
        if ping.is_possible and ping.sent
    ]
    watched = watched_pairs(evidence.names)
    round_trips = [ping.rtt_avg_ms for _, ping in pings if ping.rtt_avg_ms is not None]
    believed = believed_clocks(evidence)
    return Sample(
        at=evidence.started_at,
        nodes={node.node: _node(node, believed.get(node.node)) for node in evidence.nodes},
        pairs=tuple(_pair(name, ping) for name, ping in pings if (name, ping.peer) in watched),
        slowest_rtt_ms=max(round_trips, default=None),
    )


def watched_pairs(names: Sequence[str]) -> frozenset[Pair]:
    """Return the ordered pairs that are kept, whatever they show: the worst of each time would lie.

    Each node keeps those to the next ones in a ring, so each is looked at from others, and looks at others.
    """
    ring = sorted(names)
    steps = min(len(ring) - 1, max(MAX_PAIRS // max(len(ring), 1), 1))
    return frozenset(
        (one, ring[(place + step) % len(ring)])
        for place, one in enumerate(ring)
        for step in range(1, steps + 1)
    )


def _pair(name: str, ping: Ping) -> PairSample:
    return PairSample(
        one=name, other=ping.peer, sent=ping.sent, received=ping.received, rtt_ms=ping.rtt_avg_ms
    )


def _node(node: NodeEvidence, believed: Clock | None) -> NodeSample:
    # A clock that is believed otherwise than it says of itself is uncertain by the difference.
    metrics, clock = node.newest_metrics, believed if believed == node.clock.value else None
    return NodeSample(
        elections_total=metrics.elections_total if metrics else None,
        restarts=node.service.value.restarts if node.service.value else None,
        offset_ms=round(clock.offset_ms, 1) if clock and says_time(clock) else None,
        free_bytes=node.disk.value.free_bytes if node.disk.value else None,
        memory_bytes=metrics.memory_bytes if metrics else None,
        log_bytes=metrics.wal_size_bytes if metrics else None,
        data_bytes=metrics.disk_bytes if metrics else None,
        cpu_seconds=metrics.cpu_seconds_total if metrics else None,
        commit_index=metrics.commit_index if metrics else None,
        transactions=metrics.transactions_total if metrics else None,
        deadlocks=metrics.deadlocks_total if metrics else None,
    )
