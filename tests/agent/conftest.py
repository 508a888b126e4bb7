"""Fixtures: a node, and an agent beside it behind real TLS."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from nacl.signing import SigningKey

from agent.config import Settings
from agent.executor import Executor
from agent.ledger import Ledger
from agent.readings import NodeReader
from agent.server import build_app, build_server
from tests.agent.bed import Bot, Client, Connected, Node, Pki, Serve, metrics_page


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    authority = trustme.CA()
    folder = tmp_path_factory.mktemp("pki")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return Pki(folder, authority)


@pytest.fixture(scope="session")
def grant_key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.fixture
def settings_document(node: Node, pki: Pki, grant_key: SigningKey) -> dict[str, Any]:
    """The agent's settings file as a dict."""
    server = str(pki.issue("server"))
    return {
        "cluster": "demo",
        "node": "node1",
        "listen": "127.0.0.1:7880",
        "state_dir": str(node.folder / "state"),
        "config_file": str(node.config),
        "log_files": [str(node.log)],
        "data_dir": str(node.folder),
        # The discard port, where nobody listens.
        "metrics_url": "http://127.0.0.1:9",
        "tls": {"certificate": server, "key": server, "authority": str(pki.folder / "authority.pem")},
        "grants": {"verify_keys": [base64.b64encode(bytes(grant_key.verify_key)).decode()]},
        "commands": {
            name: str(node.folder / name) for name in ("chronyc", "timedatectl", "systemctl", "ping")
        },
        "limits": {"same_action_interval_s": 0},
    }


@pytest.fixture
def settings(settings_document: dict[str, Any], node: Node) -> Iterator[Settings]:
    """The same, of a node that answers with its metrics."""
    with metrics_page(node) as url:
        yield Settings.model_validate(settings_document | {"metrics_url": url})


@asynccontextmanager
async def serve_agent(settings: Settings) -> AsyncIterator[str]:
    settings.state_dir.mkdir(exist_ok=True)
    ledger = Ledger(settings.state_dir / "ledger.sqlite3")
    reader = NodeReader(settings)
    executor = Executor(settings, reader, ledger)
    await executor.recover()
    server = build_server(build_app(settings, reader, executor), settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not serving.done()
                await asyncio.sleep(0.005)
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
            ledger.close()


@pytest.fixture
def serve() -> Serve:
    """Serve an agent in this process, on a free port; yields its address."""
    return serve_agent


@pytest.fixture
def client(pki: Pki) -> Client:
    """Make a client with or without a certificate."""

    def make(url: str, certificate: Path | None) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
        if certificate:
            context.load_cert_chain(certificate)
        return httpx.AsyncClient(base_url=url, verify=context, timeout=20)

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
