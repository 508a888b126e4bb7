"""One run a cluster at a time, on real Redis, and fences that only rise."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.store.keys import Keys
from bot.store.run_lock import MAX_FENCE, RunLocks
from handlers.domain.fences import MAX_CLAIM
from handlers.ports import Fence, HeldBy


async def test_of_many_incidents_that_want_to_act_on_one_cluster_one_gets_the_slot(
    redis: Redis, prefix: str
) -> None:
    replicas = [RunLocks(redis, prefix) for _ in range(5)]
    answers = await asyncio.gather(
        *(locks.begin("demo", f"inc-{number}", above=0) for number, locks in enumerate(replicas))
    )
    fences = [answer for answer in answers if isinstance(answer, Fence)]
    holders = {answer for answer in answers if isinstance(answer, HeldBy)}
    assert fences == [Fence(1)]
    assert len(holders) == 1


async def test_each_run_has_a_higher_fence_than_the_one_before_and_than_any_agent_has_seen(
    redis: Redis, prefix: str
) -> None:
    slots = RunLocks(redis, prefix)
    assert await slots.begin("demo", "inc-1", above=0) == Fence(1)
    assert await slots.begin("demo", "inc-1", above=0) == Fence(2), "the same incident may ask again"
    await slots.end("demo", "inc-1")
    assert await slots.begin("demo", "inc-2", above=40) == Fence(41)
    assert await slots.begin("other", "inc-3", above=0) == Fence(1)


@pytest.mark.parametrize(
    "stored",
    ["-9223372036854775808", "4611686018427387904", "9007199254740991", "nan", "inf", "1e300", "x", ""],
)
async def test_row_08_a_fence_that_makes_no_sense_is_not_gone_on_from(
    redis: Redis, prefix: str, stored: str
) -> None:
    await redis.hset(Keys(prefix).fences(), "demo", stored)
    slots = RunLocks(redis, prefix)
    assert await slots.newest("demo") in (0, MAX_FENCE)
    assert await slots.begin("demo", "inc-1", above=40) == Fence(41)
    assert await slots.newest("demo") == 41


async def test_fences_stay_exact_after_the_highest_that_anybody_may_claim(redis: Redis, prefix: str) -> None:
    slots = RunLocks(redis, prefix)
    for number in range(1, 4):
        assert await slots.begin("demo", "inc-1", above=MAX_CLAIM) == Fence(MAX_CLAIM + number)


async def test_only_the_holder_gives_the_slot_back(redis: Redis, prefix: str) -> None:
    slots = RunLocks(redis, prefix)
    await slots.begin("demo", "inc-1", above=0)
    await slots.end("demo", "inc-2")
    assert await slots.begin("demo", "inc-2", above=0) == HeldBy("inc-1")
