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
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from measure.bench.bodies import RUNBOOKS_ALERT, body
from measure.bench.figures import quantile
from measure.bench.load import Address, closed_loop, http_request
from measure.bench.reading import stubs
from measure.bench.rig import AUTHORIZED, Rig, Running, free_port, rig
from tests.bot.nodes.hostile_node import WAYS

pytestmark = pytest.mark.process

MAX_LIVEZ_P99_S = 0.1
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


async def livez(address: Address) -> float:
    """How long the bot takes to say that it is alive, on a connection of its own."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            assert b"alive" in await reader.read()
    writer.close()
    return time.perf_counter() - began


async def probed(bot: Running) -> list[float]:
    took = []
    until = time.perf_counter() + LOOK_FOR_S
    while time.perf_counter() < until:
        took.append(await livez(bot.address))
        await asyncio.sleep(PROBE_EVERY_S)
    return took


async def findings_of(on: Rig, clusters: set[str]) -> float:
    """Wait until each of these has its findings in Slack, and return how long that took."""
    began = time.perf_counter()
    async with asyncio.timeout(30):
        while not clusters <= {post.channel for post in on.slack.posts if post.key == "findings"}:
            await asyncio.sleep(0.05)
    return time.perf_counter() - began


@pytest.mark.parametrize("how", WAYS)
async def test_row_19_one_hostile_node_among_nine_takes_nothing_from_the_others(
    tmp_path: Path, how: str
) -> None:
    async with contextlib.AsyncExitStack() as parts:
        on = await parts.enter_async_context(rig(tmp_path))
        config = on.configure(clusters=3)
        ports = await parts.enter_async_context(stubs(config.parent, 8, 0.1))
        bad = await parts.enter_async_context(hostile(config.parent))
        with_nodes(config, ports, bad, how)
        bot = await parts.enter_async_context(on.bot("serve", config))
        alerts = [http_request("/alertmanager", body(f"c{n}", RUNBOOKS_ALERT), AUTHORIZED) for n in range(3)]
        probing = asyncio.create_task(probed(bot))
        await closed_loop(bot.address, alerts, 1)
        took_s = await findings_of(on, {"C-c1", "C-c2"})
        latencies = await probing
        print(
            f"{how}: livez p99 {quantile(latencies, 0.99) * 1000:.0f} ms, worst {max(latencies) * 1000:.0f}"
            f" ms; others' findings {took_s:.1f} s; resident {bot.peak_mib:.0f} MiB; CPU {bot.cpu_s:.1f} s"
        )
        assert quantile(latencies, 0.99) <= MAX_LIVEZ_P99_S
        assert took_s < 10
        assert bot.peak_mib <= MAX_RESIDENT_MIB
        await findings_of(on, {"C-c0"})
