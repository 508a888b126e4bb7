"""A running workspace, the official client for it, and a real Bolt app it talks to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.browser.conftest import chromium as chromium  # noqa: PLC0414  a fixture here too
from tests.waiting import until

INCIDENTS = "C0INCIDENT"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def slack() -> AsyncIterator[SlackWorkspaceServer]:
    """A fresh workspace."""
    async with SlackWorkspaceServer(ack_timeout_s=1.0) as server:
        yield server


@pytest.fixture
def client(slack: SlackWorkspaceServer) -> AsyncWebClient:
    """The official client, pointed at the workspace."""
    return AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/")


Endpoint = Callable[[Request], Awaitable[Response]]
Serve = Callable[[Endpoint], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve one endpoint for the workspace to post to; give its URL."""
    running: list[tuple[_Server, asyncio.Task[None]]] = []

    async def start(endpoint: Endpoint) -> str:
        web = Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])
        server = _Server(uvicorn.Config(web, port=0, lifespan="off", log_level="warning"))
        running.append((server, asyncio.create_task(server.serve())))
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/slack/events"

    yield start
    for server, serving in running:
        server.should_exit = True
        await serving


@pytest.fixture
async def bolt(slack: SlackWorkspaceServer, client: AsyncWebClient, serve: Serve) -> AsyncApp:
    """A Bolt app without listeners, reachable for the workspace; a test adds its own."""
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    slack.bot_request_url = await serve(AsyncSlackRequestHandler(app).handle)
    return app


@pytest.fixture
async def alice(slack: SlackWorkspaceServer) -> AsyncIterator[Person]:
    """Alice, who is on call."""
    async with Person(slack.url, "alice") as person:
        yield person


@pytest.fixture
async def bob(slack: SlackWorkspaceServer) -> AsyncIterator[Person]:
    """Bob, who is not."""
    async with Person(slack.url, "bob") as person:
        yield person
