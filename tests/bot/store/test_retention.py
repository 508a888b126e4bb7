"""Closed incidents are kept for their time, can be taken out, and leave a proof when they are trimmed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.config import load as load_settings
from bot.store.mac_chain import Chain
from bot.store.queues.due_queue import Queues
from bot.store.retention import Retention
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity
from handlers.domain.events import EVENT, Event
from handlers.domain.events.lifecycle import Closed
from runbooks.evidence import Evidence
from tests.bot.cli.test_app import run
from tests.bot.conftest import CHAIN, WriteConfig
from tests.bot.incidents import quorum_loss, with_many_nodes
from tests.builders import NOON, diagnosed, opened

DEMO = IncidentIdentity("demo", "leader-election")
STORY: tuple[Event, ...] = (opened(), *diagnosed(quorum_loss()), Closed(at=NOON, detail="over"))


@pytest.fixture
def retention(redis: Redis, prefix: str, store: TimelineStore) -> Retention:
    return Retention(redis, prefix, store, CHAIN)


async def closed(store: TimelineStore, redis: Redis, prefix: str, *, days_ago: float) -> str:
    incident_id = await store.claim(DEMO)
    when = datetime.now(UTC) - timedelta(days=days_ago)
    await store.append(await store.load(incident_id), *STORY[:-1], Closed(at=when, detail="over"))
    await store.release(DEMO, incident_id)
    await redis.hset(f"{prefix}:thread:{incident_id}", "headline", "{}")
    await redis.zadd(f"{prefix}:released", {incident_id: when.timestamp()})
    return incident_id


async def test_only_what_was_closed_long_ago_is_trimmed(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    old = await closed(store, redis, prefix, days_ago=90.1)
    young = await closed(store, redis, prefix, days_ago=89.9)
    still_open = await store.claim(DEMO)
    await store.append(await store.load(still_open), *STORY[:-1])

    assert await retention.past.kept_since() is None
    assert await retention.trim(90) == (old,)
    kept_since = await retention.past.kept_since()
    assert kept_since
    assert timedelta(days=90) <= datetime.now(UTC) - kept_since < timedelta(days=90, minutes=5)
    assert await retention.trim(90) == ()
    assert await retention.past.kept_since() == kept_since
    assert (await store.timeline(young))[:-1] == STORY[:-1]
    assert len(await store.timeline(still_open)) == 3
    keys: list[Any] = await redis.keys(f"{prefix}:*")
    left = {key.decode() for key in keys if old in key.decode()}
    assert left == set(), "nothing of it stays under a key of its own"
    assert await retention.was_trimmed(old)
    assert not await retention.was_trimmed(young)


async def test_what_is_trimmed_is_due_nowhere(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    old = await closed(store, redis, prefix, days_ago=100)
    queues = Queues(redis, prefix)
    for queue in (queues.steps, queues.views, queues.pages):
        await queue.mark(old)
    await retention.trim(90)
    keys = [key async for key in redis.scan_iter(f"{prefix}:due:*")]
    due = [key for key in keys if await redis.zscore(key, old) is not None]
    assert due == []


async def test_a_timeline_that_was_tampered_with_is_left_for_people(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    old = await closed(store, redis, prefix, days_ago=100)
    await redis.xdel(f"{prefix}:timeline:{old}", "0-2")
    assert await retention.trim(90) == ()
    assert await redis.xlen(f"{prefix}:timeline:{old}") == 3


async def test_row_08_who_has_no_key_cannot_pretend_that_the_bot_trimmed(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    one = await closed(store, redis, prefix, days_ago=100)
    other = await closed(store, redis, prefix, days_ago=1)
    await retention.trim(90)
    proof = await redis.hget(f"{prefix}:trimmed", one) or b""
    await redis.delete(f"{prefix}:timeline:{other}")
    for made_up in (proof, b"5 " + b"0" * 64, b"", b"x", b"5"):
        await redis.hset(f"{prefix}:trimmed", other, made_up)
        assert not await retention.was_trimmed(other)


async def test_a_thousand_are_trimmed_a_hundred_at_a_time(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    for _ in range(105):
        await closed(store, redis, prefix, days_ago=100)
    assert len(await retention.trim(90)) == 100
    assert len(await retention.trim(90)) == 5


async def test_row_08_an_incident_of_today_is_kept_whatever_redis_says_of_its_age(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    """Who can write to Redis shall not have the bot delete evidence, and sign that it was in order."""
    open_one = await store.claim(DEMO)
    await store.append(await store.load(open_one), *STORY[:-1])
    await redis.hdel(f"{prefix}:open", DEMO.key)
    young = await closed(store, redis, prefix, days_ago=1)
    await redis.zadd(f"{prefix}:released", {open_one: 1, young: 1})
    assert await retention.trim(90) == ()
    for kept in (open_one, young):
        assert await redis.exists(f"{prefix}:timeline:{kept}")
        assert await retention.was_trimmed(kept) is None


async def test_the_proof_names_when_it_was_closed_and_when_it_was_trimmed(
    retention: Retention, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    old = await closed(store, redis, prefix, days_ago=100)
    await retention.trim(90)
    trimmed = await retention.was_trimmed(old)
    assert trimmed and trimmed.closed_at and trimmed.at
    assert timedelta(days=99) < trimmed.at - trimmed.closed_at < timedelta(days=101)
    proof = await redis.hget(f"{prefix}:trimmed", old)
    assert isinstance(proof, bytes)
    await redis.hset(f"{prefix}:trimmed", old, proof.replace(b"20", b"19"))
    assert await retention.was_trimmed(old) is None, "the times are under the MAC"


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    return write_config()


@pytest.fixture
async def stored(config: Path, redis: Redis) -> tuple[str, str]:
    """Two closed incidents of the configured bot, one of long ago."""
    settings = load_settings(config)
    prefix = settings.redis.prefix
    store = TimelineStore(redis, prefix, Chain.of(settings.agents))
    old = await closed(store, redis, prefix, days_ago=100)
    return old, await closed(store, redis, prefix, days_ago=1)


@pytest.mark.process
async def test_one_incident_or_all_of_before_are_written_as_json_lines(
    config: Path, stored: tuple[str, str]
) -> None:
    old, young = stored
    _, out, _ = await run("incidents", "export", young, "--config", str(config))
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["incident"] for line in lines] == [young] * 4
    assert [line["position"] for line in lines] == [1, 2, 3, 4]
    assert tuple(EVENT.validate_python(line["event"]) for line in lines)[:-1] == STORY[:-1]

    week_ago = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}"
    _, out, _ = await run("incidents", "export", "--closed-before", week_ago, "--config", str(config))
    assert {json.loads(line)["incident"] for line in out.splitlines()} == {old}


@pytest.mark.process
@pytest.mark.parametrize("arguments", [(), ("inc-1", "--closed-before", "2026-01-01")])
async def test_what_to_export_must_be_said(arguments: tuple[str, ...], config: Path) -> None:
    code, out, err = await run("incidents", "export", *arguments, "--config", str(config))
    assert (code, out) == (2, "")
    assert "Name one incident, or give --closed-before DATE." in err


@pytest.mark.process
async def test_an_incident_that_is_not_there_is_one_sentence(config: Path) -> None:
    code, _, err = await run("incidents", "export", "inc-99", "--config", str(config))
    assert (code, err.strip()) == (2, "neumann-bot: There is no incident inc-99, or it has been trimmed.")


@pytest.mark.process
async def test_audit_finds_nothing_wrong_with_what_the_bot_trimmed(
    config: Path, stored: tuple[str, str], redis: Redis
) -> None:
    settings = load_settings(config)
    chain = Chain.of(settings.agents)
    store = TimelineStore(redis, settings.redis.prefix, chain)
    await Retention(redis, settings.redis.prefix, store, chain).trim(90)
    code, out, _ = await run("audit", "verify", "--all", "--config", str(config))
    assert code == 0, out
    assert f"{stored[0]}: 0 events, sound; not asked: the bot trimmed its events after their time" in out


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "reading", "most_bytes"),
    [("three nodes", quorum_loss(), 6_000), ("51 nodes", with_many_nodes()["most dead"], 60_000)],
    ids=["three nodes", "51 nodes"],
)
async def test_what_an_open_incident_takes_in_redis_for_each_reading_is_bounded(
    name: str, reading: Evidence, most_bytes: int, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    incident_id = await store.claim(DEMO)
    incident = await store.append(await store.load(incident_id), opened())
    key = f"{prefix}:timeline:{incident_id}"
    before = await redis.memory_usage(key, samples=0)
    for _ in range(20):
        incident = await store.append(incident, *diagnosed(reading))
    after = await redis.memory_usage(key, samples=0)
    assert before
    assert after
    print(f"{name}: MEMORY USAGE {before} bytes opened, {(after - before) / 20:.0f} bytes for each reading")
    assert (after - before) / 20 < most_bytes
    fresh = TimelineStore(redis, prefix, CHAIN)
    assert (await fresh.load(incident_id)).evidence == (await store.load(incident_id)).evidence
