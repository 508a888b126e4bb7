"""Whether two workers do twice as much as one, on incidents that have nothing to do with each other."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from bot.config import load
from bot.store.client import connect
from bot.store.queues.inbox import SEAL_USE, Inbox
from bot.store.signer import Signer
from measure.bench.bodies import body
from measure.bench.cpu_share import cpu_share
from measure.bench.figures import Figure
from measure.bench.rig import Rig, cpu_s, rig

CLUSTERS = 250
"""So many channels that no rate of Slack's stands in the way."""

SHARE = 0.3
"""Of a core, for each worker: the rest is for Redis, the Slack stub, and whatever else the machine does."""

TIMEOUT_S = 120.0
SPIN = """
import sys, time
sys.stdin.readline()
count, end = 0, time.perf_counter() + 2
while time.perf_counter() < end:
    count += 1
print(count)
"""
"""Counts for two seconds: what the machine gives a second process beside a first."""


@dataclass(frozen=True)
class Done:
    """So many incidents were opened and shown: how long it took, and who used how much CPU for one, in ms."""

    wall_s: float
    worker_ms: float
    redis_ms: float
    bench_ms: float


async def measure(folder: Path, rounds: int, count: int) -> list[Figure]:
    """Measure one worker, then two, by turns, on an inbox that is full from the beginning.

    Args:
        folder: For the files.
        rounds: How often; figures are medians.
        count: Incidents a round.
    """
    share, why_not = _share()
    taken: dict[int, list[Done]] = {1: [], 2: []}
    async with rig(folder) as on:
        for _ in range(rounds):
            for workers, rows in taken.items():
                rows.append(await _opened(on, workers, count, share))
    gain = statistics.median(a.wall_s / b.wall_s for a, b in zip(taken[1], taken[2], strict=True))
    one, two = (_middle(rows) for rows in taken.values())
    cores = [
        (done.worker_ms + done.redis_ms + done.bench_ms) * count / done.wall_s / 1000 for done in (one, two)
    ]
    note = f"all together, Redis and the Slack stub included, got {cores[0]:.2f} and {cores[1]:.2f} cores"
    if why_not:
        machine = statistics.median([await _machine() for _ in range(rounds)])
        note += f"; two processes that only count: {machine:.2f}x; no share of a core was set: {why_not}"
    shown = "incidents opened and shown"
    each = f", {share} of a core each" if share else ""
    figures = [
        Figure("workers", f"{shown}, one worker{each}", count / one.wall_s, "/s"),
        Figure("workers", f"{shown}, two workers{each}", count / two.wall_s, "/s"),
        Figure("workers", f"two workers by one{each}", gain, "x", 1.7, at_least=True, note=note),
        Figure("workers", "CPU an incident, two workers by one", two.worker_ms, "ms", 1.15, one.worker_ms),
    ]
    if not share:
        what, got = "the same by the cores that they got", cores[1] / cores[0]
        figures.insert(3, Figure("workers", what, gain, "x", 0.85, got, at_least=True))
    return figures


def _share() -> tuple[float | None, str]:
    """Return how much of a core each worker gets, or why that cannot be set here."""
    try:
        with cpu_share(SHARE):
            return SHARE, ""
    except OSError as error:
        return None, str(error)


def _middle(rows: list[Done]) -> Done:
    return Done(
        *(
            statistics.median(getattr(row, name) for row in rows)
            for name in ("wall_s", "worker_ms", "redis_ms", "bench_ms")
        )
    )


async def _opened(on: Rig, workers: int, count: int, share: float | None) -> Done:
    """Start the workers on nothing, give them everything at once, and wait until all of it is shown."""
    await on.empty()
    on.slack.posts.clear()
    on.slack.calls.clear()
    config = on.configure(CLUSTERS, nodes=1)
    async with contextlib.AsyncExitStack() as running, aclosing(connect(on.redis)) as redis:
        groups = [running.enter_context(cpu_share(share)) for _ in range(workers)] if share else []
        started = [await running.enter_async_context(on.bot("worker", config)) for _ in range(workers)]
        while on.slack.calls.get("auth.test", 0) < workers:  # each greets Slack once it runs
            await asyncio.sleep(0.05)
        for join, each in zip(groups, started, strict=False):
            join(each.pid)
        await asyncio.sleep(2.0)
        inbox = Inbox(redis, "{bench}", "bench", Signer.of(load(config).agents, SEAL_USE))
        notifications = [body(f"c{number % CLUSTERS}", f"Alert{number}") for number in range(count)]
        before = await _used(on, [each.pid for each in started])
        began = time.perf_counter()
        await asyncio.gather(*(_store(inbox, notifications[part::16]) for part in range(16)))
        shown = await on.slack.until(count, "headline", TIMEOUT_S)
        wall_s = time.perf_counter() - began
        assert len(shown) == count, len(shown)
        after = await _used(on, [each.pid for each in started])
    return Done(wall_s, *((b - a) / count * 1000 for a, b in zip(before, after, strict=True)))


async def _store(inbox: Inbox, notifications: list[bytes]) -> None:
    for each in notifications:
        await inbox.store(each, None)


async def _used(on: Rig, pids: list[int]) -> tuple[float, float, float]:
    return sum(map(cpu_s, pids)), await on.redis_cpu_s(), time.process_time()


async def _machine() -> float:
    """Return how much two processes that only count get done, relative to one."""
    alone = sum(await _spinning(1))
    return sum(await _spinning(2)) / alone


async def _spinning(count: int) -> list[int]:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", SPIN, stdin=pipe, stdout=pipe)
        for _ in range(count)
    ]
    await asyncio.sleep(0.2)
    outputs = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    return [int(out) for out, _ in outputs]
