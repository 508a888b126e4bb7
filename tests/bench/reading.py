"""Measure a reading of 3, 9 and 51 nodes: `python -m tests.bench.reading [--runs N] [--json FILE]`.

The nodes are stubs in another process, the reader is the one that the bot runs. A reading cannot be shorter
than its slowest part: the agents' answer, or two samples with the gap between them.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import platform
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import trustme
import uvloop

from bot import main as wiring
from bot.config import Settings
from runbooks.evidence import Evidence

SIZES = (3, 9, 51)
AGENTS_S = (1.2, 2.0)
ALLOWED_OVER_MS = 250.0
MEMORY_READS = 20
MEMORY_WARM_UP = 3
ALLOWED_GROWTH_KIB = 2048
LIBRARIES = ("httpx", "httpcore", "pydantic", "prometheus-client", "uvloop")


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

    @property
    def ok(self) -> bool:
        """Whether the goal is reached: soon enough, and nothing missing of a node that answers."""
        return self.over_ms <= ALLOWED_OVER_MS and not self.wrongly_missing


@dataclass(frozen=True)
class Memory:
    """The peak of this process' memory before and after so many readings more, in KiB."""

    nodes: int
    reads: int
    before_kib: int
    after_kib: int

    @property
    def ok(self) -> bool:
        """Whether it is flat."""
        return self.after_kib - self.before_kib <= ALLOWED_GROWTH_KIB


def write_keys(folder: Path) -> None:
    """An authority, the bot's pair, one pair for all agents, and a key for grants."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "agent.pem")
    authority.issue_cert("neumann-bot").private_key_and_cert_chain_pem.write_to_path(folder / "bot.pem")
    (folder / "grant.key").write_bytes(base64.b64encode(secrets.token_bytes(32)))


def settings(keys: Path, ports: dict[str, tuple[int, int]], **readings: float) -> Settings:
    """An operator's settings for these stubs; Slack's secrets are named and never read."""
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
    """Every node's two ports, while another process serves them."""
    arguments = {"nodes": nodes, "hung": hung, "agent-s": agent_s, "keys": keys}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.stubs",
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
            async with wiring.reader(configured) as (clusters, _agents):
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
    """Readings without a value of nodes that answer."""
    return sum(
        reading.value is None for node in evidence.nodes[hung:] for name, reading in node if name != "node"
    ) + sum(node.clock.value is None for node in evidence.nodes[:hung])


async def memory(keys: Path, nodes: int) -> Memory:
    """Read again and again, without the waiting."""
    async with stubs(keys, nodes, agent_s=0.05) as ports:
        configured = settings(keys, ports, sample_gap_s=0.05)
        async with wiring.reader(configured) as (clusters, _agents):
            for _ in range(MEMORY_WARM_UP):
                await clusters.read("bench")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(MEMORY_READS):
                await clusters.read("bench")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Memory(nodes, MEMORY_READS, before, after)


async def measure(runs: int, hung: int) -> tuple[list[Memory], list[Timing]]:
    """Memory first and small before large: the peak of a process never falls."""
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


def table(peaks: list[Memory], rows: list[Timing]) -> str:
    """Both as text, each row with ok or short."""
    return "\n".join(
        [
            "nodes  hung  agent s  connections  slowest ms  wall ms  over ms  worst  CPU ms  wrongly missing",
            *(
                f"{t.nodes:>5}{t.hung:>6}{t.agent_s:>9.1f}  {t.connections:<11}{t.slowest_ms:>12.0f}"
                f"{t.wall_ms:>9.0f}{t.over_ms:>9.0f}{t.worst_over_ms:>7.0f}{t.cpu_ms:>8.0f}"
                f"{t.wrongly_missing:>17}  {_word(t.ok)}"
                for t in rows
            ),
            "\nnodes  reads  peak before KiB  peak after KiB  growth KiB",
            *(
                f"{m.nodes:>5}{m.reads:>7}{m.before_kib:>17}{m.after_kib:>16}"
                f"{m.after_kib - m.before_kib:>12}  {_word(m.ok)}"
                for m in peaks
            ),
        ]
    )


def _word(ok: bool) -> str:
    return "ok" if ok else "short"


def as_json(peaks: list[Memory], rows: list[Timing], runs: int) -> str:
    """The same figures, with the machine and the versions."""
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "runs": runs,
        "timings": [{**asdict(row), "ok": row.ok} for row in rows],
        "memory": [{**asdict(row), "ok": row.ok} for row in peaks],
    }
    return json.dumps(document, indent=2) + "\n"


def main() -> None:
    """Measure, print the table, and write the document where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--hung", type=int, default=40, help="hung processes in the last case, of 51")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    peaks, rows = uvloop.run(measure(options.runs, options.hung))
    print(table(peaks, rows))
    if options.json:
        options.json.write_text(as_json(peaks, rows, options.runs))


if __name__ == "__main__":
    main()
