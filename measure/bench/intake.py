"""Intake: notifications a second and their latency, beside the bare limit on the same Redis, by turns."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

from measure.bench.bodies import RECORDED
from measure.bench.figures import Figure
from measure.bench.load import Load, closed_loop, http_request, open_loop
from measure.bench.rig import AUTHORIZED, Running, rig

AT_ONCE = 32
SHARE_OF_LIMIT = 0.4
"""The load at which latencies are compared, by the bare limit's most: neither side queues."""


async def measure(folder: Path, rounds: int, count: int) -> list[Figure]:
    """Measure the highest rate first, then both under one load, then one request after the other.

    Args:
        folder: For the files.
        rounds: How often each is measured; figures are medians.
        count: Requests a round.
    """
    path = "/alertmanager"
    request = http_request(path, RECORDED, AUTHORIZED)
    most: dict[str, list[tuple[Load, float]]] = {"bare": [], "bot": []}
    calm: dict[str, list[Load]] = {"bare": [], "bot": []}
    single: dict[str, list[Load]] = {"bare": [], "bot": []}
    async with rig(folder) as on, on.bare() as bare, on.bot("web", on.configure()) as bot:
        sides = {"bare": bare, "bot": bot}
        for process in sides.values():
            await closed_loop(process.address, [request] * (count // 4), AT_ONCE)
        for _ in range(rounds):
            for name, process in sides.items():
                most[name].append(await _with_cpu(process, [request] * count))
                await on.empty()
        per_s = SHARE_OF_LIMIT * statistics.median(load.per_s for load, _ in most["bare"])
        due_s = [number / per_s for number in range(count)]
        for _ in range(rounds):
            for name, process in sides.items():
                calm[name].append(await open_loop(process.address, [request] * count, due_s))
                single[name].append(await closed_loop(process.address, [request] * (count // 8), 1))
                await on.empty()
    return [
        _most(most),
        _cpu(most),
        *(_latency(calm, f"at {per_s:,.0f}/s", share) for share in (0.5, 0.99)),
        _latency(single, "one client", 0.5),
    ]


async def _with_cpu(process: Running, requests: list[bytes]) -> tuple[Load, float]:
    before = process.cpu_s
    load = await closed_loop(process.address, requests, AT_ONCE)
    await asyncio.sleep(0.02)
    assert all(status in (200, 202) for status in load.statuses), load.statuses
    return load, (process.cpu_s - before) / len(requests) * 1e6


def _most(most: dict[str, list[tuple[Load, float]]]) -> Figure:
    rates = {name: [load.per_s for load, _ in loads] for name, loads in most.items()}
    ratio = statistics.median(b / a for a, b in zip(rates["bare"], rates["bot"], strict=True))
    bare = statistics.median(rates["bare"])
    spread = f"{min(rates['bot']):,.0f} to {max(rates['bot']):,.0f}"
    return Figure(
        "intake",
        f"notifications, {AT_ONCE} at once",
        ratio * bare,
        "/s",
        target=0.85,
        bare=bare,
        at_least=True,
        note=f"median of the rounds' ratios; bot {spread}",
    )


def _cpu(most: dict[str, list[tuple[Load, float]]]) -> Figure:
    used = {name: statistics.median(cpu for _, cpu in loads) for name, loads in most.items()}
    return Figure(
        "intake",
        "CPU of the web process a notification",
        used["bot"],
        "µs",
        target=1 / 0.85,
        bare=used["bare"],
        note="does not feel what else the machine does",
    )


def _latency(loads: dict[str, list[Load]], under: str, share: float) -> Figure:
    ms = {name: statistics.median(load.ms(share) for load in each) for name, each in loads.items()}
    return Figure(
        "intake",
        f"latency p{share * 100:.0f}, {under}",
        ms["bot"],
        "ms",
        target=2.0 if share > 0.5 else None,
        bare=ms["bare"],
    )
