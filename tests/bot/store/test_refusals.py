"""What was refused is counted by kind, with since when; a spell ends, and garbage hides nothing."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.store.client import connect
from bot.store.keys import Keys
from bot.store.refusals import MAX_KINDS, PAUSE_S, Refusal, Refusals


@pytest.fixture
def refusals(redis: Redis, prefix: str) -> Refusals:
    return Refusals(redis, prefix)


async def only(refusals: Refusals) -> Refusal:
    (found,) = await refusals.all()
    return found


async def test_refusals_of_a_kind_are_counted_since_the_first(refusals: Refusals, redis: Redis) -> None:
    now_s, _ = await redis.time()
    for _ in range(3):
        await refusals.note("slack", "token_revoked")
    found = await only(refusals)
    assert (found.source, found.kind, found.count) == ("slack", "token_revoked", 3)
    assert now_s <= found.since_s <= found.last_s


async def test_any_process_sees_them_and_any_ends_them(refusals: Refusals, redis: Redis, prefix: str) -> None:
    await refusals.note("slack", "token_revoked")
    await refusals.note("slack", "is_archived")
    other = Refusals(redis, prefix)
    await other.ended("slack", "token_revoked")
    assert [(each.kind, each.since_s > 0) for each in await other.all()] == [
        ("is_archived", True),
        ("token_revoked", False),
    ]
    await refusals.note("slack", "token_revoked")
    assert [(each.kind, each.count) for each in await other.all()] == [
        ("is_archived", 1),
        ("token_revoked", 2),
    ]


async def test_a_spell_ends_after_a_pause_and_the_next_begins_anew(
    refusals: Refusals, redis: Redis, prefix: str
) -> None:
    now_s, _ = await redis.time()
    long_ago = now_s - PAUSE_S - 5
    await redis.hset(Keys(prefix).refusals(), "webhook 413", f"7 {long_ago - 60} {long_ago}")
    assert await only(refusals) == Refusal("webhook", "413", 7, 0, long_ago)
    await refusals.note("webhook", "413")
    assert (await only(refusals)).count == 8
    assert (await only(refusals)).since_s >= now_s


@pytest.mark.parametrize("kind", ["", "No Word", "x" * 60, "a\nb", "\u2028"])
async def test_what_is_no_word_of_slacks_makes_no_series_of_its_own(refusals: Refusals, kind: str) -> None:
    await refusals.note("slack", kind)
    assert (await only(refusals)).kind == "other"


async def test_there_are_only_so_many_kinds(refusals: Refusals, redis: Redis, prefix: str) -> None:
    await redis.hset(Keys(prefix).refusals(), mapping={f"slack w{n}": "1 1 1" for n in range(MAX_KINDS)})
    await refusals.note("slack", "one_more")
    assert await redis.hlen(Keys(prefix).refusals()) == MAX_KINDS


@pytest.mark.parametrize("value", [b"\xff", b"", b"1", b"1 2 3 4", b"99999999999999999999 1 1", b"a b c"])
async def test_garbage_is_left_out_and_written_over(
    refusals: Refusals, redis: Redis, prefix: str, value: bytes
) -> None:
    await redis.hset(Keys(prefix).refusals(), "slack is_archived", value)
    await redis.hset(Keys(prefix).refusals(), b"\xff\xff", value)
    await redis.hset(Keys(prefix).refusals(), "slack forged", "1 9999999999 9999999999")
    assert [each.since_s for each in await refusals.all()] == [0]
    await refusals.note("slack", "is_archived")
    assert [each.kind for each in await refusals.all() if each.since_s] == ["is_archived"]


async def test_to_note_one_never_fails_though_redis_is_away() -> None:
    nowhere = connect("unix:///nowhere")
    away = Refusals(nowhere, "{test}")
    await away.note("slack", "token_revoked")
    await away.ended("slack")
    await nowhere.aclose()
