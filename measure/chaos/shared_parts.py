"""What both kinds of chaos runs play on: Redis alone or as a pair, and processes of the bot."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path

from lab.cluster.process import Process
from lab.layout import Address
from tests.redis_box import RedisBox, RedisPair, redis_pair

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
"""What sets the clock of one process; `None` where it is not installed."""


async def start_redis(
    parts: AsyncExitStack, folder: Path, *, pair: bool
) -> tuple[RedisBox | RedisPair, Address]:
    """Start one Redis, or a primary with its replica; return it and the address of whichever is primary."""
    if pair:
        both = await parts.enter_async_context(redis_pair(folder))
        return both, both.relay.address
    one = RedisBox(folder)
    await one.start()
    parts.push_async_callback(one.process.stop)
    return one, one.address


def bot_process(name: str, config: Path, folder: Path, clock: str = "") -> Process:
    """Return a process of the bot; `worker2` is a second worker. Its wall clock is off by `clock`: -1h."""
    argv: tuple[str, ...] = (sys.executable, "-m", "bot", name.rstrip("2"), "--config", str(config))
    if clock:
        off = (f"LD_PRELOAD={FAKETIME}", f"FAKETIME={clock}", "FAKETIME_DONT_FAKE_MONOTONIC=1")
        argv = ("env", *off, *argv)
    return Process(name, argv, folder / f"{name}.out")


def itself(address: Address) -> Address:
    """Return the address: the target of a way that leads where it seems to lead."""
    return address
