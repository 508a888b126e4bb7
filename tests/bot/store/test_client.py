"""A call to Redis that is cancelled is cancelled: leases and shutdown rest on it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import MaxConnectionsError

from bot.store.client import connect
from handlers.errors import ConfigurationError


async def test_no_cancel_is_swallowed_wherever_the_call_stands(redis: Redis) -> None:
    await redis.ping()
    swallowed = []
    for steps in range(12):
        call = asyncio.ensure_future(redis.ping())
        for _ in range(steps):
            await asyncio.sleep(0)
        if not call.done() and call.cancel():
            (result,) = await asyncio.gather(call, return_exceptions=True)
            if not isinstance(result, asyncio.CancelledError):
                swallowed.append(steps)
    assert swallowed == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "", "redis://127.0.0.1:port"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a valid address of a Redis"):
        connect(url)


async def test_a_burst_finds_connections_enough(redis: Redis) -> None:
    answers = await asyncio.gather(*(redis.ping() for _ in range(300)), return_exceptions=True)
    # A machine that is busy may be late to connect; the pool refuses before it tries.
    assert [each for each in answers if isinstance(each, MaxConnectionsError)] == []
