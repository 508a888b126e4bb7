"""One run a cluster at a time, on real Redis, and fences that only rise."""

import asyncio

from redis.asyncio import Redis

from bot.store.run_lock import RunLocks
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


async def test_only_the_holder_gives_the_slot_back(redis: Redis, prefix: str) -> None:
    slots = RunLocks(redis, prefix)
    await slots.begin("demo", "inc-1", above=0)
    await slots.end("demo", "inc-2")
    assert await slots.begin("demo", "inc-2", above=0) == HeldBy("inc-1")
