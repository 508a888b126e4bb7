"""Fixtures: a node, and an agent beside it behind real TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from nacl.signing import SigningKey

from agent.server.deadlines import Deadlines
from agent.server.routes import DEFAULT_DEADLINES
from agent.settings import Settings
from tests.agent.bed import (
    Bot,
    Client,
    Connected,
    Node,
    Pki,
    Serve,
    client_of,
    document_of,
    metrics_page,
    serving,
    settings_from,
)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def grant_key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.fixture
def settings_document(node: Node, pki: Pki, grant_key: SigningKey) -> dict[str, Any]:
    """The agent's settings file as a dict."""
    return document_of(node, pki, grant_key)


@pytest.fixture
def settings(settings_document: dict[str, Any], node: Node) -> Iterator[Settings]:
    """The same, of a node that answers with its metrics."""
    with metrics_page(node) as url:
        yield settings_from(settings_document | {"metrics_url": url})


@asynccontextmanager
async def serve_agent(settings: Settings, deadlines: Deadlines = DEFAULT_DEADLINES) -> AsyncIterator[str]:
    async with serving(settings, deadlines) as (url, _):
        yield url


@pytest.fixture
def serve() -> Serve:
    """Serve an agent in this process, on a free port; yields its address."""
    return serve_agent


@pytest.fixture
def client(pki: Pki) -> Client:
    """Make a client with or without a certificate."""

    def make(url: str, certificate: Path | None) -> httpx.AsyncClient:
        return client_of(pki, url, certificate)

    return make


@pytest.fixture
def connected(serve: Serve, client: Client, pki: Pki, grant_key: SigningKey) -> Connected:
    """Serve an agent with these settings and yield a bot that may talk to it."""

    @asynccontextmanager
    async def connect(settings: Settings) -> AsyncIterator[Bot]:
        async with serve(settings) as url, client(url, pki.issue("bot")) as http:
            yield Bot(http, grant_key)

    return connect


@pytest.fixture
async def bot(connected: Connected, settings: Settings) -> AsyncIterator[Bot]:
    async with connected(settings) as connected_bot:
        yield connected_bot
