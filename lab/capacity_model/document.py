"""What is read of such hosts: the samples of the days before, and one whole reading."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.capacity_model.host import Host

Document = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLE_GAP_S = 1.5


@dataclass(frozen=True)
class Page:
    """Which figures the exporters of a cluster show.

    Args:
        has_free: Whether the bytes free are among them.
        counts_log: Whether the log is counted among the data.
    """

    has_free: bool
    counts_log: bool

    def data_bytes(self, host: Host) -> int:
        """Return what the page calls the bytes on disk."""
        return int(host.data_bytes + (host.log_bytes if self.counts_log else 0))


def sample(hosts: Sequence[Host], page: Page, draw: random.Random, hour: float) -> Document:
    """Return what is kept of a reading at an hour; now and then one node is not read."""
    nodes = {host.name: {} if draw.random() < 0.03 else _kept(host, page, draw, hour) for host in hosts}
    return {"at": (NOON + timedelta(hours=hour)).isoformat(), "nodes": nodes}


def _kept(host: Host, page: Page, draw: random.Random, hour: float) -> Document:
    return {
        "elections_total": 4,
        "restarts": host.kills,
        "free_bytes": int(host.free_bytes(hour)),
        "memory_bytes": int(host.seen_memory_bytes(hour, draw)),
        "log_bytes": int(host.log_bytes),
        "data_bytes": page.data_bytes(host),
        "cpu_seconds": host.cpu_s,
        "commit_index": int(host.entries),
    }


def document(hosts: Sequence[Host], page: Page, draw: random.Random) -> Document:
    """Return the reading at noon of the last day; between its two samples time passes."""
    first = [_page(host, page, draw) for host in hosts]
    for host in hosts:
        host.passes(0.0, SAMPLE_GAP_S / 3600)
    second = [_page(host, page, draw) for host in hosts]
    nodes = [
        _node(host, hosts, one, other, leads=number == 0)
        for number, (host, one, other) in enumerate(zip(hosts, first, second, strict=True))
    ]
    return {"schema_version": 1, "cluster": "capacity", "started_at": NOON.isoformat(), "nodes": nodes}


def _page(host: Host, page: Page, draw: random.Random) -> Document:
    shown = {
        "term": 12,
        "commit_index": int(host.entries),
        "applied_index": int(host.entries),
        "elections_total": 4,
        "memory_bytes": int(host.seen_memory_bytes(0.0, draw)),
        "memory_limit_bytes": int(host.memory_limit_bytes),
        "disk_bytes": page.data_bytes(host),
        "wal_size_bytes": int(host.log_bytes),
        "cpu_seconds_total": round(host.cpu_s, 2),
    }
    return {**shown, "disk_free_bytes": int(host.free_bytes(0.0))} if page.has_free else shown


def _read(value: object, by: str, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": 5.0}


def _node(host: Host, hosts: Sequence[Host], one: Document, other: Document, *, leads: bool) -> Document:
    by, role = f"agent:{host.name}", "leader" if leads else "follower"
    first, second = {**one, "role": role}, {**other, "role": role}
    peers = [peer.name for peer in hosts if peer is not host]
    log = {"path": "/var/log/neumann/tensor_chain.log", "window_s": 60, "bytes_read": 900, "counts": {}}
    killed = {"restarts": host.kills, "result": "oom-kill"} if host.kills else {"restarts": 0}
    running_s = min(-host.started_at_h * 3600, 9e6)
    return {
        "node": host.name,
        "metrics": _read(first, "bot"),
        "metrics_again": _read(second, "bot", SAMPLE_GAP_S),
        "health": _read({"status": "healthy", "role": role, "term": 12}, "bot"),
        "local_metrics": _read(second, by, SAMPLE_GAP_S),
        "clock": _read({"offset_ms": 0.2, "error_ms": 3.0, "synchronised": True, "source": "192.0.2.2"}, by),
        "service": _read({"state": "active", "boot_id": "b", "pid": 7, "running_s": running_s, **killed}, by),
        "log": _read(log, by),
        "config": _read({"path": "/etc/neumann/config.toml", "sha256": "ab" * 32}, by),
        "disk": _read(
            {
                "path": "/var/lib/neumann",
                "free_bytes": int(host.free_bytes(0.0)),
                "total_bytes": int(host.disk_bytes),
            },
            by,
        ),
        "connects": _read([{"peer": peer, "port": "raft", "result": "open"} for peer in peers], by),
        "pings": _read([{"peer": peer, "sent": 100, "received": 100} for peer in peers], by),
    }
