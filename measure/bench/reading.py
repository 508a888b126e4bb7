"""A reading of 3, 9 and 51 nodes: how much longer it takes than its slowest part, and whether memory grows.

The nodes are stubs in another process, the reader is the one that the bot runs. A reading cannot be shorter
than its slowest part: the agents' answer, or two samples with the gap between them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from bot import clients
from bot.config import Settings
from measure.bench.figures import Figure
from runbooks.evidence import Evidence, Reading

SIZES = (3, 9, 51)
AGENTS_S = (1.2, 2.0)
ALLOWED_OVER_MS = 250.0
MEMORY_READS = 20
MEMORY_WARM_UP = 3
ALLOWED_GROWTH_KIB = 2048
HUNG = 40
"""Hung processes in the last case, of 51."""


@dataclass(frozen=True)
class Timing:
    """Readings of one kind: medians over the runs, in ms; `over` is what came on top of the slowest part."""

    nodes: int
    hung: int
    agent_s: float
    connections: str
    slowest_ms: float
    wall_ms: float
    over_ms: float
    worst_over_ms: float
    cpu_ms: float
    wrongly_missing: int


@dataclass(frozen=True)
class Memory:
    """The peak of this process' memory before and after so many readings more, in KiB."""

    nodes: int
    reads: int
    before_kib: int
    after_kib: int


def write_keys(folder: Path) -> None:
    """Write an authority, the bot's pair, one pair for all agents, and a key for grants."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    for name, file in (("127.0.0.1", "agent.pem"), ("neumann-bot", "bot.pem")):
        write_private(folder / file, authority.issue_cert(name).private_key_and_cert_chain_pem.bytes())
    write_private(folder / "grant.key", base64.b64encode(secrets.token_bytes(32)))


def write_private(file: Path, content: bytes) -> None:
    """Write a file that nobody else may read, as the bot demands of its keys and tokens."""
    file.touch(0o600)
    file.write_bytes(content)


def settings(keys: Path, ports: dict[str, tuple[int, int]], **readings: float) -> Settings:
    """Return an operator's settings for these stubs; Slack's secrets are named and never read."""
    nodes = [
        {"name": name, "metrics_url": f"http://127.0.0.1:{own}", "agent_url": f"https://127.0.0.1:{agent}"}
        for name, (own, agent) in ports.items()
    ]
    unread = {"file": str(keys / "unread")}
    document: dict[str, Any] = {
        "slack": {"bot_token": unread, "signing_secret": unread, "channel": "C0"},
        "web": {"webhook_token": unread},
        "agents": {
            "certificate": str(keys / "bot.pem"),
            "key": str(keys / "bot.pem"),
            "authority": str(keys / "authority.pem"),
            "grant_key": {"file": str(keys / "grant.key")},
        },
        "readings": readings,
        "clusters": [{"name": "bench", "nodes": nodes}],
    }
    return Settings(**document)


@contextlib.asynccontextmanager
async def stubs(
    keys: Path, nodes: int, agent_s: float, hung: int = 0
) -> AsyncIterator[dict[str, tuple[int, int]]]:
    """Serve every node's two ports from another process."""
    arguments = {"nodes": nodes, "hung": hung, "agent-s": agent_s, "keys": keys}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "measure.bench.stubs",
        *(f"--{name}={value}" for name, value in arguments.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def timings(keys: Path, nodes: int, agent_s: float, runs: int, hung: int = 0) -> list[Timing]:
    """Read with no connection open, as an alert after a quiet time does, and at once again."""
    taken: dict[str, list[tuple[float, float, int]]] = {"new": [], "kept": []}
    async with stubs(keys, nodes, agent_s, hung) as ports:
        configured = settings(keys, ports)
        for _ in range(runs):
            async with clients.reader(configured) as (clusters, _agents):
                for rows in taken.values():
                    started, cpu = time.perf_counter(), time.process_time()
                    evidence = await clusters.read("bench")
                    wall_ms = (time.perf_counter() - started) * 1000
                    cpu_ms = (time.process_time() - cpu) * 1000
                    rows.append((wall_ms, cpu_ms, _wrongly_missing(evidence, hung)))
    reading = configured.readings
    pair_s = 2 * reading.metrics_deadline_s if hung else reading.sample_gap_s
    slowest_ms = max(agent_s, pair_s) * 1000
    return [
        Timing(
            nodes=nodes,
            hung=hung,
            agent_s=agent_s,
            connections=kind,
            slowest_ms=slowest_ms,
            wall_ms=statistics.median(row[0] for row in rows),
            over_ms=statistics.median(row[0] for row in rows) - slowest_ms,
            worst_over_ms=max(row[0] for row in rows) - slowest_ms,
            cpu_ms=statistics.median(row[1] for row in rows),
            wrongly_missing=max(row[2] for row in rows),
        )
        for kind, rows in taken.items()
    ]


def _wrongly_missing(evidence: Evidence, hung: int) -> int:
    """Return the readings without a value of nodes that answer."""
    return sum(
        reading.value is None
        for node in evidence.nodes[hung:]
        for _, reading in node
        if isinstance(reading, Reading)
    ) + sum(node.clock.value is None for node in evidence.nodes[:hung])


async def memory(keys: Path, nodes: int) -> Memory:
    """Read again and again, without the waiting."""
    async with stubs(keys, nodes, agent_s=0.05) as ports:
        configured = settings(keys, ports, sample_gap_s=0.05)
        async with clients.reader(configured) as (clusters, _agents):
            for _ in range(MEMORY_WARM_UP):
                await clusters.read("bench")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(MEMORY_READS):
                await clusters.read("bench")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Memory(nodes, MEMORY_READS, before, after)


async def measure(runs: int, hung: int) -> tuple[list[Memory], list[Timing]]:
    """Measure memory first, and small before large: the peak of a process never falls."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder)
        write_keys(keys)
        peaks = [await memory(keys, nodes) for nodes in SIZES]
        rows = []
        for agent_s in AGENTS_S:
            for nodes in SIZES:
                rows += await timings(keys, nodes, agent_s, runs)
        rows += await timings(keys, SIZES[-1], AGENTS_S[0], runs, hung)
    return peaks, rows


async def figures(runs: int) -> list[Figure]:
    """Return both as rows.

    Args:
        runs: How often each case is read; figures are medians.
    """
    peaks, rows = await measure(runs, HUNG)
    missing = max(row.wrongly_missing for row in rows)
    return [
        Figure("reading", "readings missing of nodes that answer", missing, "", 0.0),
        *(
            Figure(
                "reading",
                f"{row.nodes} nodes, {row.hung} hung, agent {row.agent_s:g} s, {row.connections} connections",
                row.over_ms,
                "ms on top",
                ALLOWED_OVER_MS,
                note=f"of {row.slowest_ms:.0f} ms; worst {row.worst_over_ms:.0f} ms, CPU {row.cpu_ms:.0f} ms",
            )
            for row in rows
        ),
        *(
            Figure(
                "reading",
                f"memory, {peak.nodes} nodes, {peak.reads} readings more",
                (peak.after_kib - peak.before_kib) / 1024,
                "MiB more",
                ALLOWED_GROWTH_KIB / 1024,
                note=f"of {peak.before_kib / 1024:.1f} MiB",
            )
            for peak in peaks
        ),
    ]
