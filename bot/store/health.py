"""Check whether this Redis may be trusted with incidents, and say what is wrong if not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.store.errors import store_errors
from handlers.errors import ConfigurationError, StoreDown

log = structlog.get_logger()


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


async def why_not_ready(redis: Redis) -> str | None:
    """Return why Redis takes nothing now, or should be given nothing; `None` where all is well."""
    try:
        info = await _info(redis)
    except StoreDown as error:
        return str(error)
    return next(_reasons(info), None)


def _reasons(info: dict[str, Any]) -> Iterator[str]:
    if int(info.get("loading", 0)):
        yield "Redis is loading its data; nothing is accepted until it has."
    if wrong := _setup_is_wrong(info):
        yield wrong
    if info.get("aof_last_write_status", "ok") != "ok":
        yield "Redis cannot write to its disk; nothing is accepted until it can."
    if int(info.get("min_slaves_good_slaves", 1)) == 0:  # reported only if one is asked for
        yield "Redis asks for replicas and has none in step; nothing is accepted until one is."
    if 0 < int(info.get("maxmemory", 0)) <= int(info.get("used_memory", 0)):
        yield "Redis has no memory left; nothing is accepted until some is freed or maxmemory is raised."


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
