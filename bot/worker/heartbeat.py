"""Tell an address outside that the bot's work goes on; where it does not, silence tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import structlog
from redis.asyncio import Redis

from bot.config.watch import HeartbeatSettings
from bot.paging.call import Route
from bot.store.health import why_not_ready
from bot.store.queues import backlog
from bot.store.queues.backlog import WAITS_LONG_S
from handlers.errors import PageNotTaken, SlackDown

log = structlog.get_logger()


class Heartbeat:
    """One beat at a time, due as any other periodic job: so a queue and a worker that move are part of it."""

    def __init__(
        self,
        settings: HeartbeatSettings,
        redis: Redis,
        prefix: str,
        greet: Callable[[], Awaitable[object]],
        http: httpx.AsyncClient,
    ) -> None:
        self._redis, self._prefix, self._greet = redis, prefix, greet
        url = settings.url.read().get_secret_value() if settings.url else None
        self._route = Route("The heartbeat's address", url, settings.timeout_s, http) if url else None

    async def beat(self) -> None:
        """Beat, if Redis takes writes, Slack knows the bot, and nothing has waited for too long."""
        if self._route is None:
            return
        if why := await self._what_stands_still():
            log.warning("no_heartbeat", why=why)
            return
        try:
            await self._route.call("GET", "")
        except PageNotTaken as error:
            log.warning("heartbeat_not_taken", error=str(error))

    async def _what_stands_still(self) -> str | None:
        if why := await why_not_ready(self._redis, self._prefix):
            return why
        for what, age_s in (await backlog.read(self._redis, self._prefix)).ages_s.items():
            if age_s > WAITS_LONG_S[what]:
                return f"A {what} has waited for {age_s:.0f} s."
        try:
            await self._greet()
        except SlackDown as error:
            return str(error)
        return None
