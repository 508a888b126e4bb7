"""Hints over Redis that something is due, by the queue's name; whoever misses one looks after a nap.

A hint may name the process that goes on with it and has its state at hand; the others leave it a little
time, and take what is left then.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis

from bot.store.keys import Keys

log = structlog.get_logger()

NAP_S = 1.0
"""The longest sleep without looking: a lost wake-up costs at most this."""

AFTER_FAILURE_S = 2.0

BY = "by:"
PROCESS = f"{BY}{secrets.token_hex(4)}"
"""This process, in the hints that it gives."""

ANOTHERS_S = 0.05
"""How long a worker leaves to another what that one goes on with."""

BEHIND_S = {"steps": 0.01}
"""What there is to show goes first: a step may keep the process busy, and waits for nodes anyway."""


class WakeupChannel:
    """One alarm for each queue."""

    def __init__(self, redis: Redis, prefix: str, names: Iterable[str]) -> None:
        self._redis = redis
        self._channel = Keys(prefix).wake()
        self._alarms = {name: asyncio.Event() for name in names}
        self._later: dict[str, asyncio.TimerHandle] = {}

    def of(self, name: str) -> asyncio.Event:
        """The alarm of a queue; whoever waits for it clears it before it looks."""
        return self._alarms[name]

    async def listen(self) -> None:
        """Set the alarms of the queues that are named, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    while True:
                        heard = await pubsub.get_message(ignore_subscribe_messages=True, timeout=NAP_S)
                        if heard:
                            self._hear(heard["data"].decode().split())
            except Exception as error:
                log.warning("wake_up_lost", error=str(error))
                await asyncio.sleep(AFTER_FAILURE_S)

    def _hear(self, words: list[str]) -> None:
        is_anothers = any(word.startswith(BY) and word != PROCESS for word in words)
        for name in filter(self._alarms.__contains__, words):
            after_s = ANOTHERS_S if is_anothers else BEHIND_S.get(name, 0.0)
            if after_s:
                self._set_later(name, after_s)
            else:
                self._alarms[name].set()

    def _set_later(self, name: str, after_s: float) -> None:
        """Once for all that comes meanwhile."""
        loop, earlier = asyncio.get_running_loop(), self._later.get(name)
        if earlier:
            if earlier.when() <= loop.time() + after_s:
                return
            earlier.cancel()
        self._later[name] = loop.call_later(after_s, self._set, name)

    def _set(self, name: str) -> None:
        del self._later[name]
        self._alarms[name].set()


async def nap(alarm: asyncio.Event, seconds: float) -> None:
    """Sleep until the alarm, but no longer than this."""
    if seconds <= 0:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await alarm.wait()
