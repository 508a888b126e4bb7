"""Runs the state machine against a Redis, from a seed that gives the same again."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.store.client import connect
from measure.invariants.machine import Machine


def run_machine(
    redis_url: str, *, runs: int, steps: int, seed_: int | None = None, shrink: bool = False
) -> Counter[str]:
    """Play so many runs; what came about in them, counted.

    Args:
        redis_url: A Redis to play in, under prefixes of its own.
        runs: How many runs.
        steps: The longest run.
        seed_: Where the chance comes from; without one it is always the same.
        shrink: Whether a failure is made as short as can be.

    Raises:
        Broken: If a promise does not hold.
    """
    loop = asyncio.new_event_loop()

    class Here(Machine):
        """The machine on this loop and this Redis."""

    Here.loop, Here.redis, Here.tally = loop, connect(redis_url), Counter()
    configured = settings(
        max_examples=runs,
        stateful_step_count=steps,
        derandomize=seed_ is None,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    try:
        run_state_machine_as_test(Here if seed_ is None else seed(seed_)(Here), settings=configured)
    finally:
        loop.run_until_complete(Here.redis.aclose())
        loop.close()
    return Here.tally
