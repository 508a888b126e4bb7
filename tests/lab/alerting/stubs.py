"""A real exporter and a real webhook receiver on loopback, for the alerting to talk to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass
class Exporter:
    """Serves whatever text it holds as metrics, of any content type; None is an error page."""

    text: str | None = ""
    content_type: str = "text/plain"
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        if self.text is None:
            return web.Response(status=500)
        return web.Response(text=self.text, content_type=self.content_type)


@dataclass
class Receiver:
    """Keeps the webhooks it gets; answers with the given codes first, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def heard(self, status: str, alertname: str) -> bool:
        """Tell whether an alert of that name came with that status of its own."""
        alerts = [alert for body in self.bodies for alert in body["alerts"]]
        return any(a["status"] == status and a["labels"]["alertname"] == alertname for a in alerts)


@asynccontextmanager
async def serving(method: str, path: str, handle: Handler) -> AsyncIterator[str]:
    """Serve one route on a free loopback port; yield its URL."""
    app = web.Application()
    app.router.add_route(method, path, handle)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}{path}"
    finally:
        await runner.cleanup()
