"""A hint wakes whoever waits; what another process goes on with is left to it for a little while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from bot.store import wakeup_channel as wake_ups_module
from bot.store.timelines import TimelineStore
from bot.store.wakeup_channel import PROCESS, WakeupChannel
from handlers.domain.events import Acknowledged
from handlers.domain.incident import Incident
from tests.builders import ALICE, NOON, opened

LONG_S = 30.0


@pytest.fixture
async def wake_ups(redis: Redis, prefix: str) -> AsyncIterator[WakeupChannel]:
    made = WakeupChannel(redis, prefix, ["steps", "views", "chores"])
    listening = asyncio.create_task(made.listen())
    async with asyncio.timeout(LONG_S):
        while not await redis.publish(f"{prefix}:wake", "nobody"):
            await asyncio.sleep(0.01)
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


@pytest.mark.process
async def test_what_another_goes_on_with_is_looked_at_later(
    wake_ups: WakeupChannel, redis: Redis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake_ups_module, "ANOTHERS_S", 1.0)
    for hint in ("steps by:another", "steps by:a-third", "views"):
        await redis.publish(f"{prefix}:wake", hint)
    await woken(wake_ups, "views")
    assert not wake_ups.of("steps").is_set()
    await woken(wake_ups, "steps")

    wake_ups.of("steps").clear()
    await redis.publish(f"{prefix}:wake", "steps by:another")
    await woken(wake_ups, "steps")


async def test_who_folds_in_goes_on_at_once(
    wake_ups: WakeupChannel, store: TimelineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake_ups_module, "ANOTHERS_S", 10 * LONG_S)
    await store.append(Incident(id="inc-1"), opened())
    await woken(wake_ups, "steps")
    await woken(wake_ups, "views")


async def test_only_what_is_folded_in_is_left_to_whoever_did_it(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(f"{prefix}:wake")
        await pubsub.get_message(timeout=LONG_S)
        incident = await store.append(Incident(id="inc-1"), opened())
        await store.append(incident, Acknowledged(at=NOON, by=ALICE))
        hints = [await pubsub.get_message(timeout=LONG_S) for _ in range(2)]
    assert [hint and hint["data"].decode() for hint in hints] == [f"views steps {PROCESS}", "views steps"]
