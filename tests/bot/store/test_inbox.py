"""A stored notification is worked on by one, by another if that one dies, and kept if nobody can read it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from bot.store import stream
from bot.store.client import connect
from bot.store.inbox import Inbox
from handlers.domain.notification import Unreadable
from handlers.errors import StoreDown
from tests.bot.conftest import Becomes, MortalRedis

BODY = b'{"version": "4", "k": "\xc3\xa4 \x00"}'


@pytest.fixture
async def inbox(redis: Redis, prefix: str) -> Inbox:
    made = Inbox(redis, prefix, consumer="one")
    await made.prepare()
    return made


@pytest.fixture
def another(redis: Redis, prefix: str) -> Inbox:
    return Inbox(redis, prefix, consumer="another")


async def test_the_exact_bytes_come_out_once(inbox: Inbox, another: Inbox) -> None:
    await inbox.store(BODY, "demo")
    await inbox.store(BODY + b" ", None)
    taken = [*await inbox.take(), *await another.take()]
    assert [(each.body, each.cluster) for each in taken] == [(BODY, "demo"), (BODY + b" ", None)]


async def test_what_was_stored_before_any_worker_ran_is_not_lost(redis: Redis, prefix: str) -> None:
    early = Inbox(redis, prefix, consumer="one")
    await early.store(BODY, None)
    await early.prepare()
    await early.prepare()
    assert [each.body for each in await early.take()] == [BODY]


async def test_ten_workers_share_what_came(inbox: Inbox, redis: Redis, prefix: str) -> None:
    for number in range(100):
        await inbox.store(str(number).encode(), None)
    workers = [Inbox(redis, prefix, consumer=f"worker-{number}") for number in range(10)]
    taken = [each for batch in await asyncio.gather(*(w.take() for w in workers)) for each in batch]
    assert sorted(int(each.body) for each in taken) == list(range(100))


async def test_what_comes_at_once_is_stored_together_and_whole(inbox: Inbox) -> None:
    bodies = [str(number).encode() * 1000 for number in range(200)]
    impatient = asyncio.create_task(inbox.store(b"its sender has gone", None))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(*(inbox.store(body, None) for body in bodies))
    taken: list[bytes] = []
    while batch := await inbox.take():
        taken += [each.body for each in batch]
    assert taken[1:] == bodies


async def test_who_waits_is_woken_by_what_comes(inbox: Inbox, another: Inbox) -> None:
    waiting = asyncio.create_task(another.take_until(asyncio.Event()))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await inbox.store(BODY, "demo")
    assert [each.body for each in await waiting] == [BODY]


async def test_who_is_to_end_waits_for_nothing(inbox: Inbox, another: Inbox, becomes: Becomes) -> None:
    ends = asyncio.Event()
    waiting = asyncio.create_task(another.take_until(ends))
    await asyncio.sleep(0.05)
    ends.set()
    assert await waiting == ()
    await inbox.store(BODY, "demo")
    assert await another.take_until(ends) == (), "it is left to others"
    assert [each.body for each in await inbox.take()] == [BODY]


async def test_what_is_done_is_forgotten(
    inbox: Inbox, redis: Redis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RETAKE_AFTER_S", 0.0)
    await inbox.store(BODY, None)
    for each in await inbox.take():
        await inbox.done(each)
    assert await inbox.take() == ()
    assert await redis.xlen(f"{prefix}:inbox") == 0


async def test_what_a_dead_worker_took_is_taken_again(
    inbox: Inbox, another: Inbox, monkeypatch: pytest.MonkeyPatch, becomes: Becomes
) -> None:
    await inbox.store(BODY, "demo")
    (taken,) = await inbox.take()
    assert await another.take() == (), "its worker may be about to finish"
    monkeypatch.setattr(stream, "RETAKE_AFTER_S", 0.05)
    (again,) = await becomes(another.take)
    assert again == taken
    await another.done(again)
    assert await another.take() == ()


async def test_what_nobody_can_read_is_kept_apart_for_a_person(
    inbox: Inbox, redis: Redis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RETAKE_AFTER_S", 0.0)
    await inbox.store(b"\xff", None)
    (taken,) = await inbox.take()
    await inbox.bury(taken, "no JSON")
    assert await inbox.take() == ()
    dead = await redis.xrange(f"{prefix}:dead") or []
    assert [kept for _, kept in dead] == [{b"body": b"\xff", b"why": b"no JSON"}]


async def test_an_unparseable_alert_is_kept_durably_in_the_same_step_as_its_group_is_forgotten(
    inbox: Inbox, redis: Redis, prefix: str
) -> None:
    await inbox.store(BODY, None)
    (taken,) = await inbox.take()
    await inbox.done(taken, (Unreadable('{"status": "odd"}', "status: Input should be 'firing'"),))
    assert await redis.xlen(f"{prefix}:inbox") == 0
    ((_, kept),) = await redis.xrange(f"{prefix}:dead") or []
    assert kept == {b"body": b'{"status": "odd"}', b"why": b"status: Input should be 'firing'"}


async def test_redis_away_is_one_error_and_what_was_stored_is_there_afterwards(
    mortal_redis: MortalRedis,
) -> None:
    redis = connect(mortal_redis.url)
    inbox = Inbox(redis, "{test}", consumer="one")
    await inbox.prepare()
    await inbox.store(BODY, None)
    await mortal_redis.stop()
    lost = (inbox.store(b"lost", None), inbox.store(b"lost as well", None))
    assert [type(each) for each in await asyncio.gather(*lost, return_exceptions=True)] == [StoreDown] * 2
    for call in (inbox.store(b"lost", None), inbox.take(), inbox.prepare()):
        with pytest.raises(StoreDown):
            await call
    await mortal_redis.start()
    assert [each.body for each in await inbox.take()] == [BODY]
    await redis.aclose()


async def test_a_redis_that_came_back_empty_takes_notifications_again(
    inbox: Inbox, redis: Redis, prefix: str
) -> None:
    await redis.delete(f"{prefix}:inbox")
    await inbox.store(BODY, None)
    assert [each.body for each in await inbox.take()] == [BODY]
