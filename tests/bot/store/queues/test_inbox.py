"""A stored notification is worked on by one, by another if that one dies, and kept if nobody can read it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nacl.signing import SigningKey
from redis.asyncio import Redis

from bot.store.client import connect
from bot.store.queues.inbox import SEAL_USE, Inbox, StoredNotification
from bot.store.signer import Signer
from bot.timing import Timing
from handlers.errors import StoreDown
from tests.bot.conftest import SEAL, MortalRedis

KEY = SigningKey(b"the key that all replicas share.")
BODY = b'{"version": "4", "k": "\xc3\xa4 \x00"}'


AT_ONCE = Timing(lease_s=0.0)
"""Leases run out as soon as they are given."""


@pytest.fixture
def inbox(redis: Redis, prefix: str) -> Inbox:
    return Inbox(redis, prefix, "one", SEAL)


async def bodies(inbox: Inbox) -> list[bytes]:
    return [each.fields[b"body"] for each in await inbox.stream.take_now()]


@pytest.fixture
def another(redis: Redis, prefix: str) -> Inbox:
    return Inbox(redis, prefix, "another", SEAL)


async def test_the_exact_bytes_come_out_once(inbox: Inbox, another: Inbox) -> None:
    await inbox.store(BODY, "demo")
    await inbox.store(BODY + b" ", None)
    taken = [*await inbox.stream.take_now(), *await another.stream.take_now()]
    assert [inbox.opened(each) for each in taken] == [
        StoredNotification(BODY, "demo"),
        StoredNotification(BODY + b" ", None),
    ]


async def test_what_was_stored_before_any_worker_ran_is_not_lost(redis: Redis, prefix: str) -> None:
    early = Inbox(redis, prefix, "one", SEAL)
    await early.store(BODY, None)
    assert await bodies(early) == [BODY]


async def test_ten_workers_share_what_came(inbox: Inbox, redis: Redis, prefix: str) -> None:
    for number in range(100):
        await inbox.store(str(number).encode(), None)
    workers = [Inbox(redis, prefix, f"worker-{number}", SEAL) for number in range(10)]
    taken = [each for batch in await asyncio.gather(*map(bodies, workers)) for each in batch]
    assert sorted(map(int, taken)) == list(range(100))


async def test_what_comes_at_once_is_stored_together_and_whole(inbox: Inbox) -> None:
    sent = [str(number).encode() * 1000 for number in range(200)]
    impatient = asyncio.create_task(inbox.store(b"its sender has gone", None))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(*(inbox.store(body, None) for body in sent))
    taken: list[bytes] = []
    while batch := await bodies(inbox):
        taken += batch
    assert taken[1:] == sent


async def test_who_waits_is_woken_by_what_comes(inbox: Inbox, redis: Redis, prefix: str) -> None:
    patient = Inbox(redis, prefix, "another", SEAL, Timing(poll_s=30.0))
    waiting = asyncio.create_task(patient.stream.take(asyncio.Event(), 64))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await inbox.store(BODY, "demo")
    assert [each.fields[b"body"] for each in await waiting] == [BODY]


async def test_who_is_to_end_waits_for_nothing(inbox: Inbox, another: Inbox) -> None:
    ends = asyncio.Event()
    waiting = asyncio.create_task(another.stream.take(ends, 64))
    await asyncio.sleep(0.05)
    ends.set()
    assert await waiting == ()
    await inbox.store(BODY, "demo")
    assert await another.stream.take(ends, 64) == (), "it is left to others"
    assert await bodies(inbox) == [BODY]


async def test_what_is_done_is_forgotten(inbox: Inbox, redis: Redis, prefix: str) -> None:
    await inbox.store(BODY, None)
    for each in await inbox.stream.take_now():
        await inbox.stream.release(each, None)
    assert await Inbox(redis, prefix, "another", SEAL, AT_ONCE).stream.take_now() == ()
    assert await redis.xlen(f"{prefix}:inbox") == 0


async def test_what_a_dead_worker_took_is_taken_again(
    inbox: Inbox, another: Inbox, redis: Redis, prefix: str
) -> None:
    await inbox.store(BODY, "demo")
    (taken,) = await inbox.stream.take_now()
    await inbox.stream.release(taken, 0.0)
    assert await another.stream.take_now() == (), "its worker may be about to finish"
    (again,) = await Inbox(redis, prefix, "another", SEAL, AT_ONCE).stream.take_now()
    assert again == taken
    await another.stream.release(again, None)
    assert await Inbox(redis, prefix, "a third", SEAL, AT_ONCE).stream.take_now() == ()


async def test_what_nobody_can_read_is_kept_for_a_person_in_the_same_step_as_its_notification_is_forgotten(
    inbox: Inbox, redis: Redis, prefix: str
) -> None:
    await inbox.store(BODY, None)
    (taken,) = await inbox.stream.take_now()
    await inbox.put_aside(taken, [(b"\xff", "no JSON"), ('{"status": "odd"}', "status: odd")])
    assert await redis.xlen(f"{prefix}:inbox") == 0
    dead = await redis.xrange(f"{prefix}:dead") or []
    assert [kept for _, kept in dead] == [
        {b"body": b"\xff", b"why": b"no JSON"},
        {b"body": b'{"status": "odd"}', b"why": b"status: odd"},
    ]


async def test_redis_away_is_one_error_and_what_was_stored_is_there_afterwards(
    mortal_redis: MortalRedis,
) -> None:
    redis = connect(mortal_redis.url)
    inbox = Inbox(redis, "{test}", "one", SEAL)
    await inbox.store(BODY, None)
    await mortal_redis.stop()
    lost = (inbox.store(b"lost", None), inbox.store(b"lost as well", None))
    assert [type(each) for each in await asyncio.gather(*lost, return_exceptions=True)] == [StoreDown] * 2
    for call in (inbox.store(b"lost", None), inbox.stream.take_now()):
        with pytest.raises(StoreDown):
            await call
    await mortal_redis.start()
    assert await bodies(inbox) == [BODY]
    await redis.aclose()


async def test_a_redis_that_came_back_empty_takes_notifications_again(
    inbox: Inbox, redis: Redis, prefix: str
) -> None:
    await inbox.stream.take_now()
    await redis.delete(f"{prefix}:inbox")
    await inbox.store(BODY, None)
    assert await bodies(inbox) == [BODY]


@pytest.mark.parametrize(
    "forged",
    [
        {"body": BODY, "cluster": "demo"},
        {"body": BODY, "cluster": "demo", "seal": b"\xff"},
        {"body": BODY, "cluster": "another", "seal": SEAL.make(BODY, b"demo")},
        {"body": BODY + b"demo", "cluster": "", "seal": SEAL.make(BODY, b"demo")},
        {"body": BODY, "cluster": "demo", "seal": Signer(b"another use", KEY).make(BODY, b"demo")},
        {"foo": "bar"},
        {b"\xff": b"\xff"},
    ],
)
async def test_what_no_bot_with_these_keys_has_stored_is_not_read_and_is_kept_for_a_person(
    inbox: Inbox, redis: Redis, prefix: str, forged: dict[bytes | str, bytes | str]
) -> None:
    fields: dict[Any, Any] = {**forged}
    await redis.xadd(f"{prefix}:inbox", fields)
    (entry,) = await inbox.stream.take_now()
    assert inbox.opened(entry) is None
    await inbox.bury(entry)
    assert await redis.xlen(f"{prefix}:inbox") == 0
    ((_, kept),) = await redis.xrange(f"{prefix}:dead") or []
    assert kept is not None
    assert kept[b"why"] == b"no bot with these keys has stored it"


async def test_while_the_grant_key_is_changed_the_former_ones_notifications_are_read(
    redis: Redis, prefix: str
) -> None:
    await Inbox(redis, prefix, "old", SEAL).store(BODY, "demo")
    new = Inbox(redis, prefix, "new", Signer(SEAL_USE, SigningKey.generate(), KEY))
    (entry,) = await new.stream.take_now()
    assert new.opened(entry) == StoredNotification(BODY, "demo")
