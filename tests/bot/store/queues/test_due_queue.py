"""What is due is taken by one, comes again when it was marked meanwhile, and outlives who held it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.store.client import connect
from bot.store.queues.due_queue import DueQueue, NotDue, Taken
from bot.store.refusals import Refusals
from bot.timing import Timing
from handlers.errors import StoreDown
from tests.bot.conftest import Becomes, MortalRedis

SHORT_S = 0.2


@pytest.fixture
def queue(redis: Redis, prefix: str) -> DueQueue:
    return DueQueue(redis, prefix, "steps")


@pytest.fixture
def short(redis: Redis, prefix: str) -> DueQueue:
    """The same queue, of a process whose leases are short."""
    return DueQueue(redis, prefix, "steps", Timing(lease_s=SHORT_S))


async def taken(queue: DueQueue) -> Taken:
    found = await queue.take()
    assert isinstance(found, Taken)
    return found


async def test_nothing_is_due_at_first(queue: DueQueue) -> None:
    await queue.mark()
    assert await queue.take() == NotDue(None)


async def test_what_is_marked_twice_is_taken_once(queue: DueQueue) -> None:
    await queue.mark("inc-1")
    await queue.mark("inc-1", "inc-1")
    found = await asyncio.gather(*(queue.take() for _ in range(10)))
    assert [each.id for each in found if isinstance(each, Taken)] == ["inc-1"]


async def test_ten_workers_share_a_hundred_without_doing_one_twice(queue: DueQueue) -> None:
    ids = {f"inc-{number}" for number in range(100)}
    await queue.mark(*ids)
    done: list[str] = []

    async def work() -> None:
        while isinstance(found := await queue.take(), Taken):
            done.append(found.id)
            await queue.release(found, None)

    await asyncio.gather(*(work() for _ in range(10)))
    assert sorted(done) == sorted(ids)


async def test_the_longest_due_comes_first(queue: DueQueue) -> None:
    await queue.mark("inc-2")
    await queue.mark("inc-1")
    assert [(await taken(queue)).id for _ in range(2)] == ["inc-2", "inc-1"]


async def test_what_is_done_is_not_due_again(queue: DueQueue) -> None:
    await queue.mark("inc-1")
    await queue.release(await taken(queue), None)
    assert await queue.take() == NotDue(None)


async def test_a_mark_while_it_is_held_makes_it_due_after_the_release(queue: DueQueue) -> None:
    await queue.mark("inc-1")
    held = await taken(queue)
    await queue.mark("inc-1")
    assert await queue.take() == NotDue(None), "it is still held"
    await queue.release(held, 3600.0)
    assert (await taken(queue)).id == "inc-1"


async def test_a_later_time_is_slept_until(queue: DueQueue, becomes: Becomes) -> None:
    await queue.mark("inc-1")
    await queue.release(await taken(queue), 0.3)
    later = await queue.take()
    assert isinstance(later, NotDue)
    assert 0 < (later.after_s or 0) <= 0.3
    assert (await becomes(lambda: _due(queue))).id == "inc-1"


async def test_a_time_in_the_past_is_now(queue: DueQueue) -> None:
    await queue.mark("inc-1")
    await queue.release(await taken(queue), -5.0)
    assert (await taken(queue)).id == "inc-1"


async def test_times_are_those_of_redis(queue: DueQueue, redis: Redis, prefix: str) -> None:
    before_s, before_us = await redis.time()
    await queue.mark("inc-1")
    after_s, after_us = await redis.time()
    due_us = await redis.zscore(f"{prefix}:due:steps", "inc-1")
    assert due_us is not None
    assert before_s * 1_000_000 + before_us <= due_us <= after_s * 1_000_000 + after_us


async def test_who_dies_loses_it_when_the_lease_runs_out(
    queue: DueQueue, short: DueQueue, becomes: Becomes
) -> None:
    await queue.mark("inc-1")
    dead = await taken(short)
    heir: Taken = await becomes(lambda: _due(queue))
    assert (heir.id, heir.token != dead.token) == ("inc-1", True)

    assert not await short.renew(dead), "who was thought dead learns that it is not theirs"
    assert await queue.renew(heir)
    await short.release(dead, 0.0)
    assert not isinstance(await queue.take(), Taken), "and cannot give away what it does not hold"
    await queue.release(heir, None)
    again = await taken(queue)
    assert again.id == "inc-1", "what was done without the lease is looked at again"
    await queue.release(again, None)
    assert await queue.take() == NotDue(None)


@pytest.mark.process
async def test_a_renewed_lease_does_not_run_out(queue: DueQueue, short: DueQueue) -> None:
    await queue.mark("inc-1")
    held = await taken(short)
    assert await queue.renew(held)
    await asyncio.sleep(2 * SHORT_S)
    assert not isinstance(await queue.take(), Taken)


async def test_steps_and_views_are_apart(redis: Redis, prefix: str) -> None:
    steps, views = DueQueue(redis, prefix, "steps"), DueQueue(redis, prefix, "views")
    await steps.mark("inc-1")
    await taken(steps)
    assert await views.take() == NotDue(None)
    await views.mark("inc-1")
    assert (await taken(views)).id == "inc-1", "its lease is another one"


async def test_marks_and_releases_wake_who_listens(queue: DueQueue, redis: Redis, prefix: str) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(f"{prefix}:wake")
        await pubsub.get_message(timeout=5)

        async def heard(timeout_s: float = 5.0) -> bytes | None:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout_s)
            return message["data"] if message else None

        await queue.mark("inc-1")
        assert await heard() == queue.name.encode()
        held = await taken(queue)
        await queue.mark("inc-1")
        assert await heard() == queue.name.encode()
        await queue.release(held, None)
        assert await heard() == queue.name.encode(), "it was marked while it was held"
        await queue.release(await taken(queue), 0.5)
        assert await heard() == queue.name.encode(), "it is due sooner than anybody looks"
        await queue.release(await _when_due(queue), None)
        assert await heard(0.05) is None, "nothing is due"


async def test_redis_away_is_one_error(mortal_redis: MortalRedis) -> None:
    redis = connect(mortal_redis.url)
    queue = DueQueue(redis, "{test}", "steps")
    await queue.mark("inc-1")
    held = await taken(queue)
    await mortal_redis.stop()
    for call in (queue.take(), queue.renew(held), queue.release(held, None), queue.mark("inc-2")):
        with pytest.raises(StoreDown):
            await call
    await mortal_redis.start()
    assert await queue.renew(held), "the lease is in Redis, and Redis has kept it"
    await redis.aclose()


async def _when_due(queue: DueQueue) -> Taken:
    while not isinstance(found := await queue.take(), Taken):
        await asyncio.sleep(0.02)
    return found


async def _due(queue: DueQueue) -> Taken | None:
    found = await queue.take()
    return found if isinstance(found, Taken) else None


async def test_what_is_left_to_others_is_taken_by_them(queue: DueQueue) -> None:
    await queue.mark("inc-1", "inc-2")
    first = await queue.take(but=["inc-1", "inc-404"])
    assert isinstance(first, Taken)
    assert first.id == "inc-2"
    assert await queue.take(but=["inc-1"]) == NotDue(None)
    other = await queue.take()
    assert isinstance(other, Taken)
    assert other.id == "inc-1"


@pytest.mark.parametrize("foreign", [b"\xff\xfe", b"", b"a b", b"x" * 65, "inc-1\u2028".encode(), b"inc-1\n"])
async def test_what_can_be_no_name_is_taken_out_and_the_rest_goes_on(
    queue: DueQueue, redis: Redis, prefix: str, foreign: bytes
) -> None:
    await redis.zadd(f"{prefix}:due:steps", {foreign: float("-inf")})
    await queue.mark("inc-1")
    with capture_logs() as logs:
        assert (await taken(queue)).id == "inc-1"
    assert await redis.zrange(f"{prefix}:due:steps", 0, -1) == [b"inc-1"]
    assert await redis.hkeys(f"{prefix}:leases:steps") == [b"inc-1"]
    assert [each["event"] for each in logs] == ["due_entry_not_ours"]
    (noted,) = await Refusals(redis, prefix).all()
    assert (noted.source, noted.kind, noted.count) == ("redis", "due_steps", 1)


@pytest.mark.parametrize("lease", [b"\xff", b"", b"abc", b"1e999:x", b"99999999999999999:x", b":", b"-5:x"])
async def test_a_lease_that_is_none_holds_nothing(
    queue: DueQueue, redis: Redis, prefix: str, lease: bytes
) -> None:
    await queue.mark("inc-1")
    await redis.hset(f"{prefix}:leases:steps", "inc-1", lease)
    held = await taken(queue)
    assert held.id == "inc-1"
    assert await queue.renew(held)
    await queue.release(held, None)
    assert await queue.take() == NotDue(None)
