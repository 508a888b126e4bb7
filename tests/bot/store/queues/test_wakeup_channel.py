"""A hint wakes whoever waits for the queue that it names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from bot.store.queues.wakeup_channel import WakeupChannel
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from tests.builders import opened
from tests.waiting import until

LONG_S = 30.0


@pytest.fixture
async def wake_ups(redis: Redis, prefix: str) -> AsyncIterator[WakeupChannel]:
    made = WakeupChannel(redis, prefix, ["steps", "views", "chores"])
    listening = asyncio.create_task(made.listen())
    await until(lambda: redis.publish(f"{prefix}:wake", "nobody"), "a subscriber")
    yield made
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def woken(wake_ups: WakeupChannel, name: str) -> None:
    async with asyncio.timeout(LONG_S):
        await wake_ups.of(name).wait()


async def test_a_hint_wakes_the_queues_that_it_names(
    wake_ups: WakeupChannel, redis: Redis, prefix: str
) -> None:
    await redis.publish(f"{prefix}:wake", "views unheard-of steps")
    await woken(wake_ups, "steps")
    assert wake_ups.of("views").is_set()
    assert not wake_ups.of("chores").is_set()


async def test_an_append_wakes_the_steps_and_the_thread(
    wake_ups: WakeupChannel, store: TimelineStore
) -> None:
    await store.append(Incident(id="inc-1"), opened())
    await woken(wake_ups, "steps")
    await woken(wake_ups, "views")
