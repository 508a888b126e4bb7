"""Check whether this Redis may be trusted with incidents, and say what is wrong if not."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.store.errors import WrongType, store_errors
from bot.store.keys import Keys
from handlers.errors import ConfigurationError, StoreDown

log = structlog.get_logger()

PROBE_LIFE_S = 60


async def require_usable(redis: Redis) -> None:
    """Check at the start that Redis is set up so that it keeps what it takes.

    A Redis that is away is no reason not to start: it may come back, and is waited for.

    Raises:
        ConfigurationError: If it would throw incidents away, or never take one.
    """
    try:
        info = await _info(redis)
    except StoreDown as error:
        log.warning("redis_not_ready", error=str(error))
        return
    wrong = _setup_is_wrong(info)
    if wrong:
        raise ConfigurationError(wrong)
    if not int(info.get("aof_enabled", 0)):
        log.warning("redis_forgets", error="Redis runs without appendonly: a crash of it loses incidents.")


async def why_not_ready(redis: Redis, prefix: str) -> str | None:
    """Return why Redis takes nothing now, or should be given nothing; `None` where all is well.

    It is tried, by a write as the bot makes them: a full disk, a replica, a user without the right, too few
    replicas and too little memory are all told by Redis' own refusal.
    """
    try:
        info, _ = await asyncio.gather(_info(redis), _write(redis, Keys(prefix).probe()))
    except StoreDown as error:
        return str(error)
    return _setup_is_wrong(info)


async def _write(redis: Redis, key: str) -> None:
    with contextlib.suppress(WrongType):  # it would have been taken: what stands there is moved aside
        async with store_errors(), redis.pipeline(transaction=False) as pipe:
            pipe.xadd(key, {"written": "1"}, maxlen=1, approximate=False)
            pipe.expire(key, PROBE_LIFE_S)
            await pipe.execute()


async def _info(redis: Redis) -> dict[str, Any]:
    async with store_errors():
        sections = await asyncio.gather(*map(redis.info, ("memory", "replication", "persistence")))
    return {name: value for section in sections for name, value in section.items()}


def _setup_is_wrong(info: dict[str, Any]) -> str | None:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return f"Redis may throw incidents away ({policy}): set its maxmemory-policy to noeviction."
    if info.get("role") == "slave" and int(info.get("slave_read_only", 1)):
        return "Redis is a read-only replica: give [redis] url the address of its primary."
    return None
