"""The word to an address outside is given while the bot's work goes on, and not otherwise."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.config.watch import HeartbeatSettings
from bot.http.client import http_client
from bot.secret_files import SecretFile
from bot.store.client import connect
from bot.store.keys import Keys
from bot.worker.heartbeat import Heartbeat
from handlers.errors import SlackDown
from tests.bot.web.serving import serve


@dataclass
class Outside:
    """An address that counts, and a Slack that may be away."""

    beats: int = 0
    status: int = 200
    slack_is_away: bool = False
    heart: list[Heartbeat] = field(default_factory=list)

    async def take(self, _: Request) -> Response:
        self.beats += 1
        return Response(status_code=self.status)

    async def greet(self) -> str:
        if self.slack_is_away:
            raise SlackDown("Slack does not answer.")
        return "neumann-bot"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def outside(redis: Redis, prefix: str, tmp_path: Path) -> AsyncIterator[Outside]:
    made = Outside()
    app = Starlette(routes=[Route("/ping/s3cret", made.take, methods=["GET"])])
    async with serve(app) as url, http_client(httpx.Timeout(None)) as http:
        file = tmp_path / "url"
        file.write_text(f"{url}/ping/s3cret")
        file.chmod(0o600)
        settings = HeartbeatSettings(url=SecretFile(file=file))
        made.heart.append(Heartbeat(settings, redis, prefix, made.greet, http))
        yield made


async def test_it_beats_while_all_goes_on(outside: Outside) -> None:
    await outside.heart[0].beat()
    assert outside.beats == 1


async def test_it_is_silent_while_slack_is_away(outside: Outside) -> None:
    outside.slack_is_away = True
    with capture_logs() as logs:
        await outside.heart[0].beat()
    assert outside.beats == 0
    assert logs[0]["why"] == "Slack does not answer."


async def test_it_is_silent_while_something_has_waited_for_long(
    outside: Outside, redis: Redis, prefix: str
) -> None:
    long_ago_us = int((time.time() - 400) * 1_000_000)
    await redis.zadd(Keys(prefix).unshown(), {"inc-1": long_ago_us})
    await redis.zadd(Keys(prefix).due("views"), {"inc-1": long_ago_us})
    with capture_logs() as logs:
        await outside.heart[0].beat()
    assert (outside.beats, "message has waited" in logs[0]["why"]) == (0, True)


async def test_an_address_that_refuses_is_logged_without_its_secret(outside: Outside) -> None:
    outside.status = 404
    with capture_logs() as logs:
        await outside.heart[0].beat()
    assert (logs[0]["event"], "s3cret" in str(logs)) == ("heartbeat_not_taken", False)
