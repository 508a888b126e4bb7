"""Takes out of the way what stands under a key of the bot and is of another type than the bot keeps there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.store.errors import WHO_ELSE, store_errors, text
from bot.store.keys import Keys, kinds
from bot.store.queues.due_queue import QUEUES
from bot.store.refusals import Refusals

log = structlog.get_logger()


def shared_keys(keys: Keys) -> Mapping[str, str]:
    """Return the keys that all incidents share, each with Redis' word for its type."""
    found: dict[str, str] = {}
    for name, (kind, parameters) in kinds().items():
        if parameters == ("queue",):
            found |= {getattr(keys, name)(queue): kind for queue in QUEUES}
        elif not parameters:
            found[getattr(keys, name)()] = kind
    return found


async def put_aside(redis: Redis, prefix: str) -> tuple[str, ...]:
    """Rename each shared key of another type, so that the bot goes on without it; return their names.

    Raises:
        StoreDown: If Redis does not answer, or refuses.
    """
    keys = Keys(prefix)
    expected = shared_keys(keys)
    async with store_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for key in expected:
                pipe.type(key)
            types = await pipe.execute()
        foreign = [
            key
            for (key, kind), found in zip(expected.items(), types, strict=True)
            if text(found) not in (kind, "none")
        ]
    for key in foreign:
        await put_one_aside(redis, prefix, key)
    return tuple(foreign)


async def put_one_aside(redis: Redis, prefix: str, key: str) -> None:
    """Rename a key that is known to be of another type; one that is gone by now needs it no more.

    Raises:
        StoreDown: If Redis does not answer, or refuses.
    """
    with contextlib.suppress(ResponseError):
        async with store_errors(but=ResponseError):
            now_s, _ = await redis.time()
            await redis.rename(key, Keys(prefix).aside(key, int(now_s)))
    log.error("foreign_key_put_aside", key=key, hint=WHO_ELSE)
    await Refusals(redis, prefix).note("redis", "foreign_key")
