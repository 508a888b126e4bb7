"""The workspace as a server on loopback: Web API, response URLs, and the page."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from lab.slack.api import ApiFaults, WebApi
from lab.slack.app_requests import ACK_TIMEOUT_S, AppRequests
from lab.slack.interactions import Interactions
from lab.slack.page_routes import PageRoutes
from lab.slack.rate_limits import RateLimits
from lab.slack.responses import ResponseUrlEndpoint
from lab.slack.workspace import Workspace

PAGE = Path(__file__).parent / "page"
_CONTENT_SECURITY = "default-src 'self'; img-src 'self' data: http://127.0.0.1:* http://localhost:*"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def create_app(interactions: Interactions, api: WebApi) -> Starlette:
    """Put the endpoints together. The Host check keeps rebound DNS names out."""
    workspace = interactions.workspace
    return Starlette(
        routes=[
            Route("/api/{method}", api.__call__, methods=["GET", "POST"]),
            Route("/response/{token}", ResponseUrlEndpoint(workspace).__call__, methods=["POST"]),
            *PageRoutes(interactions).routes(),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/archives/{channel}/{ts}", _index),
            Route("/", _index),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(_LOOPBACK))],
    )


class SlackWorkspaceServer:
    """A running workspace; use it as an async context manager.

    `port` 0 takes a free one, see `url`; `bot_request_url` may be set once the bot listens. `events` names
    the Events API types the app subscribes to. With `has_rate_limits` the Web API answers 429 as Slack's
    tiers would have it. Times in seconds.
    """

    def __init__(
        self,
        workspace: Workspace | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        signing_secret: str | None = None,
        bot_token: str | None = None,
        bot_request_url: str | None = None,
        events: Collection[str] = ("app_mention",),
        ack_timeout_s: float = ACK_TIMEOUT_S,
        has_rate_limits: bool = False,
    ) -> None:
        self.workspace = workspace or Workspace()
        self.signing_secret = signing_secret or secrets.token_hex(16)
        self.bot_token = bot_token or f"xoxb-lab-{secrets.token_hex(12)}"
        self.faults = ApiFaults()
        self._address = (host, port)
        self._events = events
        self._bot_request_url = bot_request_url
        self._ack_timeout_s = ack_timeout_s
        self._rate_limits = RateLimits() if has_rate_limits else None
        self._interactions: Interactions | None = None

    @property
    def url(self) -> str:
        """Where the page is; the Web API's base is `url + "/api/"`."""
        return self.workspace.url

    @property
    def bot_request_url(self) -> str | None:
        """Where commands, clicks and events go."""
        return self._bot_request_url

    @bot_request_url.setter
    def bot_request_url(self, url: str) -> None:
        self._bot_request_url = url
        if self._interactions is not None:
            self._interactions.app.request_url = url

    async def __aenter__(self) -> Self:
        app_requests = AppRequests(self.signing_secret, self._ack_timeout_s)
        app_requests.request_url = self._bot_request_url
        self._interactions = Interactions(self.workspace, app_requests, self._events)
        self._socket = socket.create_server(self._address)
        host, port = self._socket.getsockname()[:2]
        self.workspace.url = f"http://{host}:{port}"
        api = WebApi(self.workspace, self.bot_token, self.faults, self._rate_limits)
        app = create_app(self._interactions, api)
        config = uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=2)
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:  # noqa: ASYNC110 (uvicorn offers a flag, no event)
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workspace.close()  # ends the pages' event streams, for which uvicorn would wait
        self._server.should_exit = True
        await self._serving
        self._socket.close()
        if self._interactions is not None:
            await self._interactions.stop()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _index(request: Request) -> Response:
    headers = {"Content-Security-Policy": _CONTENT_SECURITY, "Cache-Control": "no-store"}
    return FileResponse(PAGE / "index.html", headers=headers)
