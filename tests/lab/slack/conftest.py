"""A running workspace, the official client for it, and a real Bolt app it talks to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

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


@pytest.fixture
async def bolt(slack: SlackWorkspaceServer, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A Bolt app without listeners, reachable for the workspace; a test adds its own."""
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    handler = AsyncSlackRequestHandler(app)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    web = Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])
    server = _Server(uvicorn.Config(web, port=0, lifespan="off", log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    slack.bot_request_url = f"http://127.0.0.1:{port}/slack/events"
    yield app
    server.should_exit = True
    await serving


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
