"""Metrics parse in every shape Neumann has been seen in, and /health has the documented body."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.layout import Address
from lab.node.exporter import Exporter, NodeStatus
from lab.node.gossip import Membership
from lab.node.raft import Role
from lab.node.settings import MetricsShape

Scrape = Callable[[Role, MetricsShape, str], Awaitable[httpx.Response]]


def status(role: Role) -> NodeStatus:
    return NodeStatus(
        role=role,
        term=42,
        commit_index=1000,
        applied_index=998,
        elections_total=7,
        append_entries_total=5000,
        entries=1000,
        memory_bytes=1,
        disk_bytes=2,
        wal_size_bytes=3,
        membership=Membership(members=3, healthy=2, suspect=1, failed=0),
    )


@pytest.fixture
def scrape():
    """Serve one status on a real port and fetch a path from it."""

    async def fetch(role: Role, shape: MetricsShape, path: str) -> httpx.Response:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = Address(*probe.getsockname())
        exporter = Exporter(address, lambda: status(role), shape)
        exporter.start()
        try:
            async with httpx.AsyncClient() as http:
                return await http.get(f"http://{address}{path}")
        finally:
            await asyncio.to_thread(exporter.stop)

    return fetch


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("state_label", {"state=follower": 0, "state=candidate": 1, "state=leader": 0}),
        ("active_only", {"state=candidate": 1}),
        ("number", {"": 1}),
        ("raft_state_label", {"raft_state=follower": 0, "raft_state=candidate": 1, "raft_state=leader": 0}),
    ],
)
async def test_the_role_is_told_in_the_shape_asked_for(
    scrape: Scrape, shape: MetricsShape, expected: dict[str, float]
):
    found = samples((await scrape("candidate", shape, "/metrics")).text)
    roles = {labels: value for (name, labels), value in found.items() if name == "tensor_chain_raft_state"}
    assert roles == expected


async def test_the_documented_series_are_there(scrape: Scrape):
    answer = await scrape("leader", "state_label", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    assert found["tensor_chain_term", ""] == 42
    assert found["tensor_chain_elections_total", ""] == 7
    assert found["tensor_chain_append_entries_total", ""] == 5000
    assert found["tensor_chain_commit_index", ""] - found["tensor_chain_applied_index", ""] == 2
    assert found["tensor_chain_gossip_healthy", ""] == 2
    assert found["tensor_chain_gossip_suspect", ""] == 1


async def test_health_has_the_documented_body(scrape: Scrape):
    assert (await scrape("leader", "number", "/health")).json() == {
        "status": "healthy",
        "raft_state": "leader",
        "term": 42,
        "commit_index": 1000,
        "members": 3,
        "healthy_members": 2,
    }


async def test_nothing_else_is_served(scrape: Scrape):
    assert (await scrape("leader", "number", "/admin/snapshot")).status_code == 404
