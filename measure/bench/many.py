"""What one incident costs while ten, a thousand, ten thousand are open: steps, the timer, App Home."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from bot import main as wiring
from bot.slack.listeners import app_home
from bot.store.client import connect
from bot.store.queues.due_queue import DueQueue, Taken
from handlers import advance
from handlers.alerting import intake
from handlers.domain.notification import read_notification
from handlers.ports import Ports
from handlers.queries import MAX_LOOKED_THROUGH
from measure.bench.bodies import body
from measure.bench.figures import Figure
from measure.bench.rig import Rig, rig, settings_of
from measure.bench.slack_stub import USER

SIZES = (10, 1_000, 10_000)
SAMPLE = 400
CLUSTERS = 5
GROWTH = 2.0
"""Flat is at most so many times what it was with ten."""


async def measure(folder: Path, sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Measure each cost at each size; the largest is judged by the smallest.

    Args:
        folder: For the files.
        sizes: How many incidents are open.
    """
    costs: dict[str, list[float]] = {}
    async with rig(folder) as on:
        for size in sizes:
            await on.empty()
            for what, ms in (await _costs(on, size)).items():
                costs.setdefault(what, []).append(ms)
    figures = []
    for what, row in costs.items():
        told = ", ".join(f"{size:,} open: {each:.3g} ms" for size, each in zip(sizes, row, strict=True))
        figures.append(Figure("many", what, row[-1], "ms", GROWTH, row[0], note=told))
    return figures


async def _costs(on: Rig, size: int) -> dict[str, float]:
    """Return how many ms each takes with so many open incidents."""
    settings = settings_of(on.configure(CLUSTERS))
    async with wiring.build(settings) as bot, aclosing(connect(on.redis)) as redis:
        ports, prefix = bot.ports, settings.redis.prefix
        for number in range(size):
            delivery = read_notification(body(f"c{number % CLUSTERS}", f"Alert{number}"))
            await intake.receive(ports, delivery, None)
        ids = await ports.timelines.open_incidents()
        steps = DueQueue(redis, prefix, "steps")
        spread = ids[:: max(1, size // SAMPLE)]
        costs = {
            "a worker's step of one incident": await _each(spread, lambda each: advance.advance(ports, each)),
            "to take a due incident and give it back": await _taken(steps, min(size, SAMPLE)),
            "the timer's tick, for each incident": await _once(bot.scheduler.mark_open_incidents) / size,
        }
        await redis.delete(f"{prefix}:due:steps")
        for each in ids:
            await redis.zadd(f"{prefix}:due:steps", {each: (time.time() + 3600) * 1e6})
        costs["a look for what is due, with nothing due"] = await _idle(steps)
        looked_through = min(size, MAX_LOOKED_THROUGH)
        costs["App Home, for each incident looked through"] = await _home(ports) / looked_through
        return costs


async def _each(ids: tuple[str, ...], do: Callable[[str], Awaitable[object]]) -> float:
    return statistics.median([await _once(lambda: do(each)) for each in ids])  # noqa: B023  awaited at once


async def _once(do: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await do()
    return (time.perf_counter() - began) * 1000


async def _taken(steps: DueQueue, count: int) -> float:
    async def take_one() -> None:
        taken = await steps.take()
        assert isinstance(taken, Taken)
        await steps.release(taken, None)

    return statistics.median([await _once(take_one) for _ in range(count)])


async def _idle(steps: DueQueue) -> float:
    return statistics.median([await _once(steps.take) for _ in range(SAMPLE)])


async def _home(ports: Ports) -> float:
    """As often as somebody looks who waits for news."""
    return statistics.median([await _once(lambda: app_home.gather(ports, USER)) for _ in range(5)])
