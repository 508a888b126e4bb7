"""From the command to ready, and what the bot uses while nothing happens."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from measure.bench.figures import Figure
from measure.bench.rig import Rig, rig

IDLE_S = 20.0


async def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure a cold start of web and worker in one process, by turns with the bare limit's, then 20 s idle.

    Args:
        folder: For the files.
        rounds: How often it is started; figures are medians.
    """
    bare: list[float] = []
    bot: list[float] = []
    used: list[float] = []
    async with rig(folder) as on:
        for turn in range(rounds + 1):
            began = time.perf_counter()
            async with on.bare():
                alone_s = time.perf_counter() - began
            seconds, cpu = await _started(on)
            if turn:  # the first compiles what is not compiled yet
                bare.append(alone_s)
                bot.append(seconds)
                used.append(cpu)
        share, peak = await _idle(on)
    least = f"the bare limit takes {statistics.median(bare):.2f} s"
    cpu_note = f"CPU {statistics.median(used):.2f} s; {least}"
    return [
        Figure("start", "command to ready", statistics.median(bot), "s", 1.5, note=cpu_note),
        Figure("start", f"CPU while idle, {IDLE_S:.0f} s", share, "% of a core", 1.0),
        Figure("start", "peak memory while idle", peak, "MiB"),
    ]


async def _started(on: Rig) -> tuple[float, float]:
    config = on.configure()
    began = time.perf_counter()
    async with on.bot("serve", config) as process:
        return time.perf_counter() - began, process.cpu_s


async def _idle(on: Rig) -> tuple[float, float]:
    async with on.bot("serve", on.configure()) as process:
        await asyncio.sleep(3.0)  # greetings and the timer's first jobs
        before = process.cpu_s
        await asyncio.sleep(IDLE_S)
        return (process.cpu_s - before) / IDLE_S * 100, process.peak_mib
