"""What the process tells of itself: probes, version and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.store.health import why_not_ready
from bot.web.metrics import BotMetrics
from bot.web.troubles import Troubles
from shared.version import version


class OwnStatus:
    """The routes of it; `hangs` says why the worker in this process hangs, if it does."""

    def __init__(
        self, redis: Redis, prefix: str, metrics: BotMetrics, hangs: Callable[[], str | None]
    ) -> None:
        self._redis, self._prefix = redis, prefix
        self._metrics, self._hangs = metrics, hangs
        self._troubles = Troubles(redis, prefix)

    def routes(self) -> Iterator[BaseRoute]:
        """Yield a route for each thing that is told."""
        yield Route("/livez", self.livez)
        yield Route("/readyz", self.readyz)
        yield Route("/version", self.version)
        yield Route("/metrics", self.metrics)

    async def livez(self, _: Request) -> Response:
        """Say that the process runs, and that the worker in it does not hang."""
        why = self._hangs()
        return PlainTextResponse(why or "alive", status_code=503 if why else 200)

    async def readyz(self, _: Request) -> Response:
        """Say whether the process can store what it is sent."""
        reason = await why_not_ready(self._redis, self._prefix)
        if reason:
            return JSONResponse({"ready": False, "reason": reason}, status_code=503)
        # What Slack refuses is no reason to turn Alertmanager away.
        troubles = await self._troubles.now()
        return JSONResponse({"ready": True, **({"troubles": troubles} if troubles else {})})

    async def version(self, _: Request) -> Response:
        """Say which version runs here, since replicas may be of several."""
        return JSONResponse({"version": version()})

    async def metrics(self, _: Request) -> Response:
        """Return the bot's own metrics for Prometheus."""
        return Response(await self._metrics.page(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
