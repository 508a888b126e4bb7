"""Which trace an incident's next step belongs to, whichever process does it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from redis.asyncio import Redis

from bot.store.errors import store_errors, text
from bot.store.keys import HANDLE_LIFE_S, Keys
from handlers.errors import StoreDown

WITHIN_S = 0.5
"""A trace is worth no longer a wait; a step whose context did not come begins a trace of its own."""


class TracedIncident(NamedTuple):
    """An incident, and the trace context (`traceparent` of W3C) that its next step follows from."""

    incident: str = ""
    traceparent: str = ""


class TraceContexts:
    """One Redis key for each traced incident. Nothing is decided by what it holds, so it is not sealed."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._keys = redis, Keys(prefix)

    async def of(self, incident: str) -> str:
        """Return the context that the incident's next step follows from; nothing where Redis has none."""
        return await self._get(self._keys.trace(incident))

    async def behind(self, handle: str) -> TracedIncident:
        """Return the incident that a handle belongs to, and its context, as far as they are known."""
        incident = await self._get(self._keys.handle(handle))
        return TracedIncident(incident, await self.of(incident)) if incident else TracedIncident()

    async def remember(self, incident: str, traceparent: str, *, keep_first: bool) -> None:
        """Keep what the incident's next steps follow from, unless there is one and the first is to stay."""
        with contextlib.suppress(StoreDown, TimeoutError):
            async with asyncio.timeout(WITHIN_S), store_errors():
                await self._redis.set(
                    self._keys.trace(incident), traceparent, ex=HANDLE_LIFE_S, nx=keep_first
                )

    async def _get(self, key: str) -> str:
        with contextlib.suppress(StoreDown, TimeoutError):
            async with asyncio.timeout(WITHIN_S), store_errors():
                return text(await self._redis.get(key) or "")
        return ""
