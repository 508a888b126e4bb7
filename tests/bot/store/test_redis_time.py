"""The time is Redis', and moves with the process' stopwatch; the host's clock decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.store.client import connect
from bot.store.redis_time import RedisTime
from handlers.errors import StoreDown

HOUR = timedelta(hours=1)
NOBODY = "redis://127.0.0.1:9/0"


class Stopwatch:
    """Seconds that a test lets pass."""

    s = 100.0

    def __call__(self) -> float:
        return self.s


def is_about(at: datetime, expected: datetime) -> bool:
    return abs(at - expected) < timedelta(seconds=30)


async def redis_says(redis: Redis) -> datetime:
    seconds, microseconds = await redis.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


@pytest.mark.parametrize("off", [-HOUR, HOUR, timedelta(days=3650)], ids=["back", "ahead", "years ahead"])
async def test_a_host_whose_clock_is_wrong_is_as_late_as_the_others(redis: Redis, off: timedelta) -> None:
    clock = RedisTime(redis, host=lambda: datetime.now(UTC) + off)
    with capture_logs() as logs:
        await clock.ask()
    assert is_about(clock.now(), await redis_says(redis))
    assert [each["event"] for each in logs] == ["host_clock_differs"]


async def test_time_passes_by_the_stopwatch(redis: Redis) -> None:
    stopwatch = Stopwatch()
    clock = RedisTime(redis, stopwatch=stopwatch)
    await clock.ask()
    began = clock.now()
    stopwatch.s += 7
    assert clock.now() - began == timedelta(seconds=7)


async def test_a_small_correction_makes_it_stand_and_not_run_backwards(redis: Redis) -> None:
    stopwatch = Stopwatch()
    clock = RedisTime(redis, stopwatch=stopwatch)
    await clock.ask()
    stopwatch.s += 1
    before = clock.now()
    stopwatch.s -= 1  # as if this process' stopwatch had run fast
    assert clock.now() == before
    stopwatch.s += 2
    assert clock.now() - before == timedelta(seconds=1)


async def test_a_clock_of_redis_that_was_set_is_followed_and_said(redis: Redis) -> None:
    stopwatch = Stopwatch()
    clock = RedisTime(redis, stopwatch=stopwatch)
    await clock.ask()
    stopwatch.s += 3600  # an hour by ours, an instant by Redis'
    assert is_about(clock.now(), await redis_says(redis) + HOUR)
    with capture_logs() as logs:
        await clock.ask()
    assert is_about(clock.now(), await redis_says(redis))
    assert [(each["event"], round(each["seconds"] / 60)) for each in logs] == [("redis_clock_jumped", -60)]


async def test_without_redis_the_hosts_clock_stands_in() -> None:
    redis = connect(NOBODY)
    clock = RedisTime(redis)
    with pytest.raises(StoreDown):
        await clock.ask()
    await redis.aclose()
    assert is_about(clock.now(), datetime.now(UTC))
