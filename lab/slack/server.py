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

from lab.slack.api import WebApi
from lab.slack.app.interactions import Interactions
from lab.slack.app.link import AppLink
from lab.slack.app.manifest import AppManifest
from lab.slack.app.requests import AppRequests
from lab.slack.app.responses import ResponseUrlEndpoint
from lab.slack.app.socket_mode import SocketMode
from lab.slack.connection import CuttableProtocol
from lab.slack.faults import Faults
from lab.slack.file_routes import FileRoutes
from lab.slack.limit_table import ACK_TIMEOUT_S, EVENT_RETRIES_S
from lab.slack.page_routes import PageRoutes
from lab.slack.rate_limits import RateLimits
from lab.slack.workspace import Workspace

PAGE = Path(__file__).parent / "page"
_CONTENT_SECURITY = "default-src 'self'; img-src 'self' data: http://127.0.0.1:* http://localhost:*"
KEEP_ALIVE_S = 60  # as a load balancer does: a request that was long under way still finds its connection
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def create_app(interactions: Interactions, api: WebApi) -> Starlette:
    """Put the endpoints together. The Host check keeps rebound DNS names out."""
    workspace = interactions.workspace
    return Starlette(
        routes=[
            Route("/api/{method}", api.__call__, methods=["GET", "POST"]),
            Route("/response/{token}", ResponseUrlEndpoint(workspace).__call__, methods=["POST"]),
            *FileRoutes(workspace).routes(),
            *PageRoutes(interactions).routes(),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/archives/{channel}/{ts}", _index),
            Route("/docs/{team}/{canvas}", _index),
            Route("/", _index),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(_LOOPBACK))],
    )


class SlackWorkspaceServer:
    """A running workspace; use it as an async context manager.

    `port` 0 takes a free one, see `url`; `bot_request_url` may be set once the bot listens, and is not used
    while the bot has a socket open (Socket Mode, with `app_token`). `manifest` is the app as it is installed;
    `events` names its event subscriptions where there is none. With `has_rate_limits` the Web API answers 429
    as Slack's tiers would have it. Times in seconds.
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
        manifest: AppManifest | None = None,
        events: Collection[str] = ("app_mention",),
        ack_timeout_s: float = ACK_TIMEOUT_S,
        event_retries_s: tuple[float, ...] = EVENT_RETRIES_S,
        has_rate_limits: bool = False,
    ) -> None:
        installed = manifest or AppManifest(bot_events=frozenset(events))
        self.workspace = workspace or Workspace(manifest=installed)
        self.signing_secret = signing_secret or secrets.token_hex(16)
        self.bot_token = bot_token or f"xoxb-lab-{secrets.token_hex(12)}"
        self.app_token = f"xapp-lab-{secrets.token_hex(12)}"
        self.sockets = SocketMode(self.workspace, ack_timeout_s)
        self._http = AppRequests(self.signing_secret, ack_timeout_s)
        self._http.request_url = bot_request_url
        self._link = AppLink(self.workspace, self._http, self.sockets, event_retries_s)
        self._address = (host, port)
        self._rate_limits = RateLimits() if has_rate_limits else None

    @property
    def url(self) -> str:
        """Return where the page is; the Web API's base is `url + "/api/"`."""
        return self.workspace.url

    @property
    def faults(self) -> Faults:
        """Return how the Web API misbehaves; `workspace.fail` adds to it."""
        return self.workspace.faults

    @property
    def bot_request_url(self) -> str | None:
        """Return where commands, clicks and events go."""
        return self._http.request_url

    @bot_request_url.setter
    def bot_request_url(self, url: str) -> None:
        self._http.request_url = url

    async def __aenter__(self) -> Self:
        self._socket = socket.create_server(self._address)
        host, port = self._socket.getsockname()[:2]
        self.workspace.url = f"http://{host}:{port}"
        await self.sockets.start(host)
        api = WebApi(self.workspace, self.bot_token, self.app_token, self._rate_limits)
        app = create_app(Interactions(self.workspace, self._link), api)
        config = uvicorn.Config(
            app,
            http=CuttableProtocol,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=2,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
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
        await self._link.stop()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _index(request: Request) -> Response:
    headers = {"Content-Security-Policy": _CONTENT_SECURITY, "Cache-Control": "no-store"}
    return FileResponse(PAGE / "index.html", headers=headers)
