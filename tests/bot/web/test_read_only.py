"""The read-only ways are answered where the probes are, counted like the others, and off by default."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette

from bot.config.read_only import ApiSettings, ApiToken, Scope, StatusPageSettings
from bot.secret_files import SecretFile
from bot.web.app import Web
from bot.web.read_only import ReadOnlyWays
from handlers.ports import ReadOnlyPorts
from tests.bot.web.serving import serve
from tests.handlers.world import World

WEBHOOK, READER = "a-webhook-token", "the-token-of-the-dashboard"
PATHS = ("/api/v1/incidents", "/api/v1/openapi.json", "/status")


def web(redis: Redis, read_only: ReadOnlyWays) -> Web:
    nothing: Any = None  # no notification is sent
    return Web(
        inbox=nothing,
        redis=redis,
        prefix="{test}",
        token=WEBHOOK,
        max_body_bytes=1024,
        slack=AsyncApp(signing_secret="unused", token="xoxb-unused"),
        requests=nothing,
        signing_secret="unused",
        read_only=read_only,
    )


@pytest.fixture
def ways(tmp_path: Path) -> ReadOnlyWays:
    """Both ways open, the page to all."""
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(READER)
    token = ApiToken(name="dashboard", token=SecretFile(file=file), scopes=frozenset(Scope))
    world = World()
    ports = ReadOnlyPorts(world.timelines, world.timelines, world.cluster, world.postures)
    page = StatusPageSettings(access="open")
    return ReadOnlyWays.of(ApiSettings(tokens=(token,)), page, ports, world.time.now)


async def client(parts: AsyncExitStack, app: Starlette) -> httpx.AsyncClient:
    url = await parts.enter_async_context(serve(app))
    headers = {"Authorization": f"Bearer {READER}"}
    http = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=10)
    return await parts.enter_async_context(http)


async def statuses(http: httpx.AsyncClient) -> list[int]:
    return [(await http.get(path)).status_code for path in PATHS]


async def test_they_are_off_unless_somebody_turns_them_on(parts: AsyncExitStack, redis: Redis):
    world = World()
    ports = ReadOnlyPorts(world.timelines, world.timelines, world.cluster, world.postures)
    off = ReadOnlyWays.of(ApiSettings(), StatusPageSettings(), ports, world.time.now)
    assert await statuses(await client(parts, web(redis, off).app())) == [404] * 3


async def test_each_is_turned_on_for_itself(parts: AsyncExitStack, redis: Redis, ways: ReadOnlyWays):
    alone = replace(ways, status_page=None)
    assert await statuses(await client(parts, web(redis, alone).app())) == [200, 200, 404]


async def test_with_a_port_for_status_they_are_not_where_slack_comes_in(
    parts: AsyncExitStack, redis: Redis, ways: ReadOnlyWays
):
    both = web(redis, ways)
    assert await statuses(await client(parts, both.app(tells_status=False))) == [404] * 3
    assert await statuses(await client(parts, both.status_app())) == [200] * 3


@pytest.mark.parametrize("path", ["/status/", "/api/v1", "/readyz/", "/metrics/"])
async def test_no_port_redirects_where_a_host_header_says_with_the_token_along(
    parts: AsyncExitStack, redis: Redis, ways: ReadOnlyWays, path: str
):
    both = web(redis, ways)
    for app in (both.app(), both.status_app()):
        http = await client(parts, app)
        answer = await http.get(path, headers={"Host": "elsewhere.example"})
        assert (answer.status_code, answer.headers.get("location")) == (404, None)


async def test_the_webhooks_token_reads_nothing_and_a_readers_token_sends_no_alert(
    parts: AsyncExitStack, redis: Redis, ways: ReadOnlyWays
):
    http = await client(parts, web(redis, ways).app())
    assert (await http.post("/alertmanager", content=b"{}")).status_code == 401
    webhooks = {"Authorization": f"Bearer {WEBHOOK}"}
    assert (await http.get("/api/v1/incidents", headers=webhooks)).status_code == 401


async def test_their_answers_are_counted(parts: AsyncExitStack, redis: Redis, ways: ReadOnlyWays):
    http = await client(parts, web(redis, ways).app())
    await statuses(http)
    await http.get("/api/v1/incidents", headers={"Authorization": "Bearer wrong"})
    page = (await http.get("/metrics")).text
    for route, status, count in (("api", 200, 2), ("api", 401, 1), ("status_page", 200, 1)):
        assert f'neumann_bot_answers_total{{route="{route}",status="{status}"}} {count}.0' in page
