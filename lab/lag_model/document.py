"""What the bot and the agents read of the queues: pages, disks, services, connects and pings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.lag_model.flow import Member

Document = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLE_GAP_S = 1.5
PINGS = 100


@dataclass(frozen=True)
class Look:
    """One node's page at one moment."""

    commit: int
    applied: int

    @classmethod
    def of(cls, member: Member) -> Look:
        """Return what the node shows now."""
        return cls(int(member.commit), int(member.applied))


@dataclass(frozen=True)
class Surroundings:
    """What else a reading holds of one node: for how long it has run, and what its disk has left."""

    running_s: float
    free_bytes: float


def document(
    draw: random.Random,
    members: Sequence[Member],
    looks: Sequence[Sequence[Look]],
    around: Sequence[Surroundings],
) -> Document:
    """Return the evidence document of members that showed these pages, the leader first."""
    nodes = []
    for number, (member, beside) in enumerate(zip(members, around, strict=True)):
        pages = [_page(look[number], leads=number == 0) for look in looks]
        nodes.append(_node(draw, member, members, pages, beside))
    return {"schema_version": 1, "cluster": "lag", "started_at": NOON.isoformat(), "nodes": nodes}


def _read(value: object, by: str, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": 5.0}


def _page(look: Look, *, leads: bool) -> Document:
    return {
        "role": "leader" if leads else "follower",
        "term": 12,
        "commit_index": look.commit,
        "applied_index": look.applied,
        "elections_total": 4,
    }


def _node(
    draw: random.Random,
    member: Member,
    members: Sequence[Member],
    pages: list[Document],
    beside: Surroundings,
) -> Document:
    by = f"agent:{member.name}"
    # The pages of a cluster are asked for at the same time, and answer within some tens of milliseconds.
    late_s = draw.uniform(0, 0.05)
    return {
        "node": member.name,
        "metrics": _read(pages[0], "bot", late_s),
        "metrics_again": _read(pages[1], "bot", SAMPLE_GAP_S + late_s),
        "health": _read({"status": "healthy", "role": pages[1]["role"], "term": 12}, "bot"),
        "local_metrics": _read(pages[1], by, SAMPLE_GAP_S),
        "clock": _read({"offset_ms": 0.4, "error_ms": 3.0, "synchronised": True, "source": "192.0.2.2"}, by),
        "service": _read({"state": "active", "boot_id": "b", "pid": 7, "running_s": beside.running_s}, by),
        "log": _read(_log(member), by),
        "config": _read({"path": "/etc/neumann/config.toml", "sha256": "ab" * 32}, by),
        "disk": _read(_disk(draw, member, beside), by),
        "connects": _read([_connect(draw, member, peer) for peer in members if peer is not member], by),
        "pings": _read([_ping(draw, member, peer) for peer in members if peer is not member], by),
    }


def _log(member: Member) -> Document:
    retries = round(60 * max(member.busy - 0.98, 0.0) * 20)
    failures = 0 if member.writes else 60
    return {
        "path": "/var/log/neumann/tensor_chain.log",
        "window_s": 60,
        "bytes_read": 4000,
        "counts": {"wal_retrying": retries, "wal_failed": failures},
        "silent_s": 1.0 if retries or failures else 40.0,
    }


def _disk(draw: random.Random, member: Member, beside: Surroundings) -> Document:
    # The kernel counts time in which all tasks wait; a disk that is asked for all it can give keeps them so.
    stalled = draw.uniform(35, 90) if member.busy > 0.98 and member.writes else draw.uniform(0, 8)
    return {
        "path": "/var/lib/neumann",
        "free_bytes": int(beside.free_bytes),
        "total_bytes": 10**11,
        "io_stalled_percent": round(stalled, 1),
    }


def _lossy(one: Member, other: Member) -> float:
    return 1 - (1 - one.loss) * (1 - other.loss)


def _connect(draw: random.Random, one: Member, other: Member) -> Document:
    cut = one.cut or other.cut
    lost = draw.random() < _lossy(one, other)
    result = "timeout" if cut or lost else "open"
    return {"peer": other.name, "port": "raft", "result": result, "latency_ms": None}


def _ping(draw: random.Random, one: Member, other: Member) -> Document:
    passes = 0.0 if one.cut or other.cut else (1 - _lossy(one, other)) ** 2
    received = sum(draw.random() < passes for _ in range(PINGS))
    return {"peer": other.name, "sent": PINGS, "received": received}
