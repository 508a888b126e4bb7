"""Work is taken from a stream and from a queue in one way: held under a lease, given back, and drained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.store.queues.consumer import Consumer, DueSource, Source
from bot.store.queues.due_queue import DueQueue
from bot.store.queues.stream import Stream, StreamEntry
from bot.timing import Timing
from handlers.errors import StoreDown
from tests.bot.conftest import Becomes
from tests.waiting import until

pytestmark = pytest.mark.process

SHORT = Timing(lease_s=0.6, poll_s=0.1, after_failure_s=0.05, after_error_s=0.05)
AT_ONCE = 2

Do = Callable[[object], Awaitable[float | None]]


class Work:
    """A source with three things to do, and whether anything is left of them."""

    def __init__(self, redis: Redis, prefix: str, kind: str) -> None:
        self._redis, self._prefix, self._kind = redis, prefix, kind
        self.queue = DueQueue(redis, prefix, "steps", SHORT)

    def source(self, name: str) -> Source[object]:
        if self._kind == "queue":
            return DueSource(self.queue, asyncio.Event(), SHORT)  # type: ignore[return-value]
        return Stream(self._redis, f"{self._prefix}:inbox", name, SHORT)  # type: ignore[return-value]

    async def add(self) -> None:
        if self._kind == "queue":
            await self.queue.mark("1", "2", "3")
        else:
            stream = Stream(self._redis, f"{self._prefix}:inbox", "web", SHORT)
            await asyncio.gather(*(stream.add({"n": str(number)}) for number in range(3)))

    async def left(self) -> int:
        if self._kind == "queue":
            return await self._redis.zcard(f"{self._prefix}:due:steps")
        return await self._redis.xlen(f"{self._prefix}:inbox")

    async def done(self) -> bool:
        return await self.left() == 0


@pytest.fixture(params=["stream", "queue"])
async def work(request: pytest.FixtureRequest, redis: Redis, prefix: str) -> Work:
    made = Work(redis, prefix, request.param)
    await made.add()
    return made


@asynccontextmanager
async def running(work: Work, do: Do, name: str = "one") -> AsyncIterator[Consumer[object]]:
    """To leave is to kill it wherever it stands."""
    consumer = Consumer(work.source(name), do, at_once=AT_ONCE, timing=SHORT)
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_no_more_is_held_than_it_may_hold(work: Work, becomes: Becomes) -> None:
    held = most = 0

    async def do(_: object) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)
        await asyncio.sleep(0.05)
        held -= 1

    async with running(work, do):
        await becomes(work.done)
    assert most == AT_ONCE


async def test_what_takes_longer_than_the_lease_is_done_once(work: Work, becomes: Becomes) -> None:
    begun: list[object] = []

    async def do(item: object) -> None:
        begun.append(item)
        await asyncio.sleep(3 * SHORT.lease_s)

    async with running(work, do, "one"), running(work, do, "another"):
        await becomes(work.done)
    assert len(begun) == 3


@pytest.mark.parametrize("error", [StoreDown(), ZeroDivisionError()], ids=["Redis away", "a bug"])
async def test_what_fails_is_done_again_and_holds_up_nothing(
    work: Work, becomes: Becomes, error: Exception
) -> None:
    failures = 2

    async def do(_: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise error

    async with running(work, do):
        await becomes(work.done)
    assert failures == 0


async def test_what_a_killed_process_holds_another_does(work: Work, becomes: Becomes) -> None:
    began = asyncio.Event()

    async def hang(_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    async def do(_: object) -> None:
        return None

    async with running(work, hang, "one"):
        await began.wait()
    async with running(work, do, "another"):
        await becomes(work.done)


async def test_a_loop_that_holds_all_it_may_and_finishes_nothing_stands_still(work: Work) -> None:
    began = 0
    may_end = asyncio.Event()

    async def do(_: object) -> None:
        nonlocal began
        began += 1
        await may_end.wait()

    async with running(work, do) as consumer:
        await until(lambda: began == AT_ONCE)
        await until(lambda: consumer.standstill_s() > 2 * SHORT.poll_s)
        may_end.set()
        await until(work.done)
        await until(lambda: consumer.standstill_s() < SHORT.poll_s, "it looks for work again")
    assert consumer.standstill_s() == 0, "a loop that does not run has nothing to get on with"


async def test_to_drain_is_to_finish_what_is_held_and_to_take_no_more(work: Work) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def do(_: object) -> None:
        began.set()
        await may_end.wait()

    async with running(work, do) as consumer:
        await began.wait()
        await consumer.drain(0.01)
        assert await work.left() == 3, "not within that time"
        may_end.set()
        await consumer.drain(20)
        held_s = await work.left()
    assert held_s in (1, 2), "of three it held one or two"


async def test_to_drain_what_never_ran_takes_no_time(work: Work) -> None:
    consumer: Consumer[object] = Consumer(work.source("one"), _never, at_once=AT_ONCE, timing=SHORT)
    async with asyncio.timeout(5):
        await consumer.drain(60)


async def _never(_: object) -> None:
    raise AssertionError("it does not run")


async def test_a_queue_is_looked_into_when_its_alarm_is_set(redis: Redis, prefix: str) -> None:
    alarm = asyncio.Event()
    queue, ends = DueQueue(redis, prefix, "steps"), asyncio.Event()
    source = DueSource(queue, alarm, Timing(poll_s=60.0))
    waiting = asyncio.create_task(source.take(ends, 1))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    alarm.set()
    async with asyncio.timeout(20):
        assert await waiting == ()
    await queue.mark("inc-1")
    taken: Sequence[object] = await source.take(ends, 1)
    assert len(taken) == 1


async def test_what_a_killed_process_held_is_taken_over_while_new_work_keeps_coming(
    redis: Redis, prefix: str, becomes: Becomes
) -> None:
    web = Stream(redis, f"{prefix}:inbox", "web", SHORT)
    held = 150  # more than one look of Redis goes through for a consumer of two
    await asyncio.gather(*(web.add({"n": "held"}) for _ in range(held)))
    killed = Stream(redis, f"{prefix}:inbox", "killed", SHORT)
    assert sum([len(await killed.take_now(held)) for _ in range(3)]) == held
    done: list[bytes] = []

    async def do(item: StreamEntry) -> None:
        done.append(item.fields[b"n"])

    async def trickle() -> None:
        while True:
            await web.add({"n": "new"})
            await asyncio.sleep(SHORT.poll_s / 5)

    quick = Stream(redis, f"{prefix}:inbox", "another", replace(SHORT, poll_s=0.01))
    consumer = Consumer(quick, do, at_once=AT_ONCE, timing=SHORT)
    tasks = [asyncio.create_task(each) for each in (trickle(), consumer.run())]

    async def taken_over() -> bool:
        return done.count(b"held") == held

    try:
        await becomes(taken_over)
        assert done.count(b"new") > 1, "and what is new was not kept waiting"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
