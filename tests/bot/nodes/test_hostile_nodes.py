"""Row 19, the bot's side: one hostile node among nine takes nothing from the other clusters.

The bot, its Redis and every node are processes of their own; Slack is a stub.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from measure.bench.bodies import RUNBOOKS_ALERT, body
from measure.bench.figures import quantile
from measure.bench.load import Address, closed_loop, http_request
from measure.bench.reading import stubs
from measure.bench.rig import AUTHORIZED, Rig, free_port, rig
from tests.bot.nodes.hostile_node import WAYS

pytestmark = pytest.mark.process

MAX_LIVEZ_P99_S = 0.1
"""On top of five times what a process takes that does nothing else, for a machine that has more to do."""

IN_THE_RING = frozenset(
    {"gzip_bomb", "four_megabytes_of_valid_text", "interim_answers_for_ever", "chunks_of_one_byte"}
)
"""What each brought down on its own; `pytest -m slow` plays all, and takes the time."""
MAX_RESIDENT_MIB = 300
LOOK_FOR_S = float(os.environ.get("HOSTILE_FOR_S", "6"))
PROBE_EVERY_S = 0.02


@contextlib.asynccontextmanager
async def hostile(keys: Path) -> AsyncIterator[tuple[int, int]]:
    """The two ports of the hostile node, which is another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bot.nodes.hostile_node",
        str(keys / "agent.pem"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        own, agent = (await process.stdout.readline()).split()
        yield int(own), int(agent)
    finally:
        process.kill()
        await process.wait()


def with_nodes(config: Path, ports: dict[str, tuple[int, int]], bad: tuple[int, int], how: str) -> None:
    """Put nine nodes into a configuration of three clusters: eight as they should be, and a hostile one."""
    document: dict[str, Any] = tomlkit.parse(config.read_text()).unwrap()
    addresses = [(f"http://127.0.0.1:{own}", f"https://127.0.0.1:{agent}") for own, agent in ports.values()]
    addresses.append((f"http://127.0.0.1:{bad[0]}/{how}", f"https://127.0.0.1:{bad[1]}/{how}"))
    for cluster in document["clusters"]:
        for node in cluster["nodes"]:
            node["metrics_url"], node["agent_url"] = addresses.pop()
    document["web"]["port"] = free_port()  # anew: the nodes have taken some meanwhile
    config.write_text(tomlkit.dumps(document))


async def answer_s(address: Address, path: str) -> float:
    """How long an answer takes, on a connection of its own."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(*address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bot\r\n\r\n".encode())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            assert b" 200 " in await reader.readuntil(b"\r\n")
    writer.close()
    return time.perf_counter() - began


async def p99_s(address: Address, path: str) -> float:
    took = []
    until = time.perf_counter() + LOOK_FOR_S
    while time.perf_counter() < until:
        took.append(await answer_s(address, path))
        await asyncio.sleep(PROBE_EVERY_S)
    return quantile(took, 0.99)


async def findings_of(on: Rig, clusters: set[str]) -> float:
    """Wait until each of these has its findings in Slack, and return how long that took."""
    began = time.perf_counter()
    async with asyncio.timeout(120):
        while not clusters <= {post.channel for post in on.slack.posts if post.key == "findings"}:
            await asyncio.sleep(0.05)
    return time.perf_counter() - began


@dataclass(frozen=True)
class Attacked:
    """What a bot did while one node of nine was hostile; `others_s` is a process that nobody attacked."""

    livez_s: float
    others_s: float
    findings_s: float
    resident_mib: float


async def attacked(folder: Path, how: str) -> Attacked:
    """Send an alert for each of three clusters, and return once all have their findings.

    Raises:
        TimeoutError: If a cluster has none.
    """
    async with contextlib.AsyncExitStack() as parts:
        on = await parts.enter_async_context(rig(folder))
        config = on.configure(clusters=3)
        ports = await parts.enter_async_context(stubs(config.parent, 8, 0.1))
        bad = await parts.enter_async_context(hostile(config.parent))
        with_nodes(config, ports, bad, how)
        bot = await parts.enter_async_context(on.bot("serve", config))
        alerts = [http_request("/alertmanager", body(f"c{n}", RUNBOOKS_ALERT), AUTHORIZED) for n in range(3)]
        other = ("127.0.0.1", next(iter(ports.values()))[0])
        probing = asyncio.gather(p99_s(bot.address, "/livez"), p99_s(other, "/health"))
        await closed_loop(bot.address, alerts, 1)
        findings_s = await findings_of(on, {"C-c1", "C-c2"})
        livez_s, others_s = await probing
        await findings_of(on, {"C-c0"})
        return Attacked(livez_s, others_s, findings_s, bot.peak_mib)


@pytest.mark.parametrize("how", sorted(IN_THE_RING))
async def test_row_19_one_hostile_node_among_nine_takes_no_findings_from_the_others(
    tmp_path: Path, how: str
) -> None:
    assert (await attacked(tmp_path, how)).resident_mib <= MAX_RESIDENT_MIB


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
async def test_row_19_nor_takes_it_time_from_them(tmp_path: Path, how: str) -> None:
    seen = await attacked(tmp_path, how)
    print(f"{how}: {seen}")
    # As a ratio: on a busy machine a process that nobody attacks is answered late as well.
    assert seen.livez_s <= MAX_LIVEZ_P99_S + 5 * seen.others_s
    assert seen.findings_s < 10
    assert seen.resident_mib <= MAX_RESIDENT_MIB
