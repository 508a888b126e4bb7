"""What is read of such nodes: samples of the days before, and one whole reading."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.deadlock_model.locking import VICTIMS_PER_DEADLOCK, Load, poisson

Document = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLE_GAP_S = 1.5
PINGS = 100


@dataclass
class Counting:
    """A node, its load, and its counters.

    Args:
        name: The node.
        load: What runs on it.
        stalled_percent: How long its disk keeps every task waiting.
        left: Transactions that nobody ended.
    """

    name: str
    load: Load
    stalled_percent: float
    commits: int = 0
    aborts: int = 0
    deadlocks: int = 0
    victims: int = 0
    left: int = 0

    def passes(self, draw: random.Random, seconds: float) -> None:
        """Let so much time pass."""
        deadlocks = poisson(draw, self.load.deadlocks_per_s * seconds)
        ended = poisson(draw, self.load.per_s * seconds)
        victims = round(deadlocks * VICTIMS_PER_DEADLOCK) if self.load.aborts_victims else 0
        self.deadlocks += deadlocks
        self.victims += victims
        self.aborts += min(victims, ended)
        self.commits += ended - min(victims, ended)
        self.left += 0 if self.load.aborts_victims else 2 * deadlocks


def sample(nodes: Sequence[Counting], draw: random.Random, ago_s: float) -> Document:
    """Return what is kept of a reading so long ago; now and then one node was not read."""
    kept = {
        node.name: {}
        if draw.random() < 0.03
        else {"transactions": node.commits + node.aborts, "deadlocks": node.deadlocks}
        for node in nodes
    }
    return {"at": (NOON - timedelta(seconds=ago_s)).isoformat(), "nodes": kept}


def document(nodes: Sequence[Counting], draw: random.Random) -> Document:
    """Return the reading; between its two samples time passes."""
    first = [_page(node, leads=number == 0) for number, node in enumerate(nodes)]
    for node in nodes:
        node.passes(draw, SAMPLE_GAP_S)
    second = [_page(node, leads=number == 0) for number, node in enumerate(nodes)]
    read = [
        _node(draw, node, nodes, one, other) for node, one, other in zip(nodes, first, second, strict=True)
    ]
    return {"schema_version": 1, "cluster": "deadlock", "started_at": NOON.isoformat(), "nodes": read}


def _page(node: Counting, *, leads: bool) -> Document:
    return {
        "role": "leader" if leads else "follower",
        "term": 12,
        "commit_index": node.commits,
        "applied_index": node.commits,
        "elections_total": 4,
        "tx_active": round(node.load.running) + node.left,
        "tx_commits_total": node.commits,
        "tx_aborts_total": node.aborts,
        "deadlocks_total": node.deadlocks,
        "deadlock_victims_total": node.victims,
        "wait_graph_size": round(node.load.waiting) + node.left,
    }


def _read(value: object, by: str, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": 5.0}


def _node(
    draw: random.Random, node: Counting, nodes: Sequence[Counting], one: Document, other: Document
) -> Document:
    by = f"agent:{node.name}"
    peers = [peer for peer in nodes if peer is not node]
    log = {"path": "/var/log/neumann/tensor_chain.log", "window_s": 60, "bytes_read": 900, "counts": {}}
    disk = {"path": "/d", "free_bytes": 9 * 10**10, "total_bytes": 10**11}
    return {
        "node": node.name,
        "metrics": _read(one, "bot"),
        "metrics_again": _read(other, "bot", SAMPLE_GAP_S),
        "health": _read({"status": "healthy", "role": other["role"], "term": 12}, "bot"),
        "local_metrics": _read(other, by, SAMPLE_GAP_S),
        "clock": _read({"offset_ms": 0.2, "error_ms": 3.0, "synchronised": True, "source": "192.0.2.2"}, by),
        "service": _read({"state": "active", "boot_id": "b", "pid": 7, "running_s": 9e6}, by),
        "log": _read(log, by),
        "config": _read({"path": "/etc/neumann/config.toml", "sha256": "ab" * 32}, by),
        "disk": _read({**disk, "io_stalled_percent": round(node.stalled_percent, 1)}, by),
        "connects": _read([{"peer": peer.name, "port": "raft", "result": "open"} for peer in peers], by),
        "pings": _read([_ping(draw, node, peer) for peer in peers], by),
    }


def _ping(draw: random.Random, node: Counting, peer: Counting) -> Document:
    """Return a ping between two nodes: what is slow or lossy about either is in the way."""
    slowest = max(node.load, peer.load, key=lambda load: load.round_trip_s)
    passes = ((1 - node.load.loss) * (1 - peer.load.loss)) ** 2
    received = sum(draw.random() < passes for _ in range(PINGS))
    rtt_ms = slowest.round_trip_s * 1000 * draw.uniform(0.95, 1.05) if received else None
    return {"peer": peer.name, "sent": PINGS, "received": received, "rtt_avg_ms": rtt_ms}
