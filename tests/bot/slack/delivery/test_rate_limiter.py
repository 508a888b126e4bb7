"""Slack is asked no more often than it takes, whoever asks; nobody asks twice, and nobody is overtaken."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from multidict import CIMultiDict
from redis.asyncio import Redis
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.delivery.rate_limiter import Claim, Rank, Rate, RateLimiter
from bot.slack.delivery.web_api import SlackBusy, failure

RATE = Rate(every_s=20.0, burst=2)
"""So slow that the time a busy machine takes between two calls makes no difference."""

QUICK = Rate(every_s=0.2, burst=2)


@pytest.fixture
def pace(redis: Redis, prefix: str) -> RateLimiter:
    return RateLimiter(redis, prefix)


async def wait_of(
    pace: RateLimiter, who: str, what: str = "post:C1", rank: Rank = Rank.USUAL, rate: Rate = RATE
) -> float:
    """0 where it may be called now."""
    try:
        async with pace.turn(what, who, rate, rank=rank):
            return 0.0
    except SlackBusy as busy:
        return busy.wait_s


async def test_so_many_at_once_and_then_one_after_the_other(pace: RateLimiter) -> None:
    waits = [await wait_of(pace, f"inc-{number}") for number in range(5)]
    assert waits[:2] == [0.0, 0.0]
    assert sorted(waits) == waits
    assert 0 < waits[2] <= 20 < waits[3] <= 40 < waits[4] <= 60


async def test_who_asks_too_early_again_keeps_its_turn_and_takes_no_other(pace: RateLimiter) -> None:
    for number in range(3):
        await wait_of(pace, f"inc-{number}")
    assert 0 < await wait_of(pace, "inc-2") <= 20
    assert 0 < await wait_of(pace, "inc-2") <= 20


async def test_a_turn_that_has_come_is_one_call(pace: RateLimiter) -> None:
    for number in range(3):
        await wait_of(pace, f"inc-{number}", rate=QUICK)
    await asyncio.sleep(await wait_of(pace, "inc-2", rate=QUICK))
    assert await wait_of(pace, "inc-2", rate=QUICK) == 0.0
    for number in range(10):
        await wait_of(pace, f"others-{number}", rate=QUICK)
    assert await wait_of(pace, "inc-2", rate=QUICK) > 0


async def test_a_claim_is_noted_with_the_turn_or_not_at_all(
    pace: RateLimiter, redis: Redis, prefix: str
) -> None:
    claims = [Claim(f"{prefix}:notes", f"message-{n}", "claimed", f"{prefix}:mark-{n}", 40) for n in range(3)]
    for number, claim in enumerate(claims[:2]):
        async with pace.turn("post:C1", f"inc-{number}", RATE, claim=claim):
            assert await redis.hget(claim.notes, claim.field) == b"claimed"
            assert 0 < await redis.ttl(claim.mark) <= 40
    with pytest.raises(SlackBusy):
        async with pace.turn("post:C1", "inc-2", RATE, claim=claims[2]):
            pytest.fail("it is not its turn")
    assert await redis.hkeys(f"{prefix}:notes") == [b"message-0", b"message-1"]
    assert not await redis.exists(claims[2].mark)


async def test_one_channel_holds_up_no_other(pace: RateLimiter) -> None:
    for number in range(10):
        await wait_of(pace, f"inc-{number}")
    assert await wait_of(pace, "inc-11", "post:C2") == 0.0


@pytest.mark.process
async def test_replicas_share_what_slack_takes(pace: RateLimiter, redis: Redis, prefix: str) -> None:
    another = RateLimiter(redis, prefix)
    slow = Rate(every_s=2.0, burst=2)
    both = [await wait_of(pace, "inc-1", rate=slow), await wait_of(another, "inc-2", rate=slow)]
    assert both == [0.0, 0.0]
    assert await wait_of(another, "inc-3", rate=slow) > 0
    await asyncio.sleep(2.0)
    assert await wait_of(pace, "inc-3", rate=slow) == 0.0, "whichever of them comes back"


async def test_whom_slack_refuses_is_the_next_and_all_others_come_behind_it(pace: RateLimiter) -> None:
    with pytest.raises(SlackBusy):
        async with pace.turn("post:C1", "inc-0", RATE):
            for number in (1, 2, 3):
                await wait_of(pace, f"inc-{number}")
            raise SlackBusy(50.0)
    waits = [await wait_of(pace, f"inc-{number}") for number in (0, 2, 3, 4)]
    assert sorted(waits) == waits
    assert 40 < waits[0] <= 50 < waits[1]


async def test_who_is_urgent_goes_before_all_who_are_not_and_behind_those_who_are(pace: RateLimiter) -> None:
    for number in range(5):
        await wait_of(pace, f"inc-{number}")
    first = await wait_of(pace, "inc-7", rank=Rank.HEADLINE)
    second = await wait_of(pace, "inc-8", rank=Rank.HEADLINE)
    waits = [first, second, *[await wait_of(pace, f"inc-{number}") for number in (2, 3, 4)]]
    assert sorted(waits) == waits
    assert 0 < waits[0] <= 20 < waits[1] <= 40 < waits[2] <= 60 < waits[3] <= 80 < waits[4] <= 100
    assert await wait_of(pace, "inc-9") > waits[4], "and nobody's turn is given out twice"


async def test_whom_slack_refuses_comes_behind_those_who_are_urgent(pace: RateLimiter) -> None:
    with pytest.raises(SlackBusy):
        async with pace.turn("post:C1", "inc-0", RATE):
            for number in (1, 2):
                await wait_of(pace, f"inc-{number}")
            await wait_of(pace, "inc-3", rank=Rank.HEADLINE)
            raise SlackBusy(50.0)
    waits = [
        await wait_of(pace, "inc-3", rank=Rank.HEADLINE),
        *[await wait_of(pace, f"inc-{n}") for n in (0, 2)],
    ]
    assert sorted(waits) == waits
    assert 40 < waits[0] <= 50 < waits[1] <= 70 < waits[2] <= 90


async def test_a_critical_headline_goes_before_forty_others_and_what_was_refused_before_goes_last(
    pace: RateLimiter,
) -> None:
    for number in range(RATE.burst):
        assert await wait_of(pace, f"inc-{number}") == 0.0
    refused = [await wait_of(pace, f"dead-{number}", rank=Rank.REFUSED_BEFORE) for number in range(3)]
    for number in range(40):
        await wait_of(pace, f"warning-{number}", rank=Rank.HEADLINE)
    usual = await wait_of(pace, "inc-7")
    critical = await wait_of(pace, "critical", rank=Rank.CRITICAL_HEADLINE)
    assert 0 < critical <= 20, "the first turn that there is"
    assert 20 < await wait_of(pace, "warning-0", rank=Rank.HEADLINE) <= 40
    assert usual > 800
    dead = [await wait_of(pace, f"dead-{number}", rank=Rank.REFUSED_BEFORE) for number in range(3)]
    assert refused < dead, "they were the first to come"
    assert usual < min(dead)


async def test_turns_from_before_the_clock_was_set_back_hold_up_nobody(
    pace: RateLimiter, redis: Redis, prefix: str
) -> None:
    now_s, _ = await redis.time()
    await redis.zadd(f"{prefix}:pace:post:C1", {"*": (now_s + 3600) * 1e6, "inc-1": (now_s + 3599) * 1e6})
    assert await wait_of(pace, "inc-1") == 0.0
    assert await wait_of(pace, "inc-2") == 0.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": "2"}, 2.0),
        ({}, 30.0),
        *(({"Retry-After": odd}, 30.0) for odd in ("soon", "nan", "inf")),
        ({"Retry-After": "-3"}, 1.0),
        ({"Retry-After": "1e9"}, 600.0),
    ],
)
def test_how_long_slack_asks_to_wait(headers: dict[str, str], seconds: float) -> None:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="chat.postMessage",
        req_args={},
        data={"ok": False, "error": "ratelimited"},
        headers=cast("dict[str, str]", CIMultiDict(headers)),  # what the client really gives
        status_code=429,
    )
    assert failure("chat.postMessage", SlackApiError("no", response)).wait_s == seconds
