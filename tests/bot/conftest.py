"""The bot's own parts on real ones: Redis, a strict Slack workspace, a lab with nodes and agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from nacl.signing import SigningKey
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.config import load as load_settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.queues.inbox import SEAL_USE as INBOX_SEAL_USE
from bot.store.signer import Signer
from bot.store.timelines import TimelineStore
from lab.bot_files import write_bot_files
from lab.cluster.cluster import Lab
from lab.cluster.process import Process
from lab.layout import Address
from lab.redis_server import find_server
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.waiting import until

INCIDENTS = "C0INCIDENT"
CHAIN = Chain(SigningKey(b"the key that all replicas share."))
SEAL = Signer(INBOX_SEAL_USE, SigningKey(b"the key that all replicas share."))

Becomes = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The bot's own client."""
    async with aclosing(connect(redis_url)) as client:
        yield client


@pytest.fixture
def store(redis: Redis, prefix: str) -> TimelineStore:
    """One replica's timelines."""
    return TimelineStore(redis, prefix, CHAIN)


@pytest.fixture
def becomes() -> Becomes:
    """Ask until the answer is true, and return it."""
    return until


class MortalRedis:
    """A Redis that a test may stop, freeze and start again; what was stored survives.

    `options` come after the usual ones, and so go before them.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        socket = folder / "s"
        self.url = f"unix://{socket}"
        usual = ("--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "yes")
        self.process = Process("redis", (find_server(), *usual, *options), folder / "redis.out")

    async def start(self) -> None:
        await self.process.start()
        async with aclosing(connect(self.url)) as client:
            for _ in range(500):
                try:
                    if await client.ping():
                        return
                except Exception:
                    await asyncio.sleep(0.02)
        raise AssertionError(self.process.last_words())

    async def stop(self) -> None:
        await self.process.stop()


@pytest_asyncio.fixture
async def mortal_redis(tmp_path: Path) -> AsyncIterator[MortalRedis]:
    """A Redis of the test's own."""
    server = MortalRedis(tmp_path)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackWorkspaceServer]:
    """A fresh workspace."""
    async with SlackWorkspaceServer() as server:
        yield server


@pytest.fixture
def slack_client(slack: SlackWorkspaceServer) -> AsyncWebClient:
    """The official client, as `bot.clients` makes it."""
    return AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/", timeout=10)


@pytest_asyncio.fixture
async def alice(slack: SlackWorkspaceServer) -> AsyncIterator[Person]:
    """Alice, who is on call."""
    async with Person(slack.url, "alice") as person:
        yield person


@pytest_asyncio.fixture
async def bob(slack: SlackWorkspaceServer) -> AsyncIterator[Person]:
    """Bob, who is not."""
    async with Person(slack.url, "bob") as person:
        yield person


@pytest_asyncio.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Three nodes with an agent beside each."""
    async with Lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


WriteConfig = Callable[..., Path]


@pytest.fixture
def write_config(tmp_path: Path, lab: Lab, redis_url: str) -> WriteConfig:
    """The lab's configuration as an operator would have it; Slack is where the test says."""

    def write(slack: SlackWorkspaceServer | None = None, redis: str = redis_url) -> Path:
        known = {
            "bot_token": slack.bot_token if slack else "xoxb-nobody",
            "signing_secret": slack.signing_secret if slack else "nobody",
            "api_url": f"{slack.url}/api/" if slack else "http://127.0.0.1:1/api/",
        }
        file, _ = write_bot_files(
            tmp_path / "bot",
            lab,
            listen=Address("127.0.0.1", 8080),
            redis_url=redis,
            slack=known,
            channel=INCIDENTS,
            confirm_groups=["S0ONCALL01"],
        )
        return file

    return write


@pytest.fixture
def settings(write_config: WriteConfig, slack: SlackWorkspaceServer) -> Settings:
    """The settings of a bot on the lab and the workspace."""
    return load_settings(write_config(slack))


@pytest_asyncio.fixture
async def parts() -> AsyncIterator[AsyncExitStack]:
    """Whatever a test starts ends with it."""
    async with AsyncExitStack() as stack:
        yield stack
