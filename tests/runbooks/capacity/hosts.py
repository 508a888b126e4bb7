"""Hosts with so much room, and clusters of them."""

from __future__ import annotations

from typing import Any

from runbooks import capacity
from runbooks.evidence import Disk, Evidence, History, Metrics, NodeEvidence, Role, Trend
from runbooks.model import Diagnosis
from tests.builders import NOON, SAMPLE_GAP, evidence, known, node

GIB, MIB = 2**30, 2**20


def host(
    name: str = "node3",
    *,
    free_gib: float = 50.0,
    history: History | None = None,
    cores: float = 0.2,
    commits: int = 30,
    page: dict[str, Any] | None = None,
    **readings: Any,
) -> NodeEvidence:
    """A node whose page shows what it uses; its agent sees the same disk."""
    shown: dict[str, Any] = {
        "role": Role.LEADER if name == "node1" else Role.FOLLOWER,
        "term": 7,
        "applied_index": 100,
        "elections_total": 3,
        "memory_bytes": 4 * GIB,
        "memory_limit_bytes": 10 * GIB,
        "disk_free_bytes": int(free_gib * GIB),
        **(page or {}),
    }
    at = (NOON, NOON + SAMPLE_GAP)
    first = Metrics(**{"cpu_seconds_total": 100.0, "commit_index": 100, **shown})
    spent_s = 100.0 + cores * SAMPLE_GAP.total_seconds()
    second = Metrics(**{"cpu_seconds_total": spent_s, "commit_index": 100 + commits, **shown})
    default = {
        "metrics": known(first, at=at[0]),
        "metrics_again": known(second, at=at[1]),
        "local_metrics": known(second, by=f"agent:{name}"),
        "disk": disk(int(free_gib * GIB)),
        "history": known(history or History()),
    }
    return node(name, **{**default, **readings})


def disk(free_bytes: int, **changes: Any) -> Any:
    return known(Disk(path="/d", free_bytes=free_bytes, total_bytes=100 * GIB, **changes), by="agent:node3")


def gib_a_day(gib: float, error: float = 0.05) -> Trend:
    return Trend(per_day=gib * GIB, error_per_day=error * GIB)


def filling(free: float, log: float = 0.0, data: float = 0.0) -> History:
    return History(
        disk_span_s=3 * 86_400.0,
        free_bytes=gib_a_day(-free),
        log_bytes=gib_a_day(log),
        data_bytes=gib_a_day(data),
    )


def cluster(*changed: NodeEvidence) -> Evidence:
    names = {each.node for each in changed}
    return evidence(*(host(name) for name in ("node1", "node2", "node3") if name not in names), *changed)


def diagnose(*changed: NodeEvidence) -> Diagnosis:
    return capacity.diagnose(cluster(*changed))
