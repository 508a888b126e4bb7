"""What claims to come from Slack is answered plainly, once, and passes only with Slack's signature."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.inbox import Inbox
from bot.redis_client import connect
from bot.slack import guard
from bot.web import Web
from tests.bot.conftest import MortalRedis
from tests.bot.serving import serve

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = urlencode(
    {"command": "/neumann", "text": "hellö", "user_id": "U0ALICE001", "team_id": "T0NEUMANN1"}
).encode()
UNSIGNED = "The request carries no Slack signature."


@dataclass
class Slack:
    """Sends what Slack sends, or nearly; `heard` is what came through to a listener."""

    http: httpx.AsyncClient
    heard: list[str] = field(default_factory=list)

    def headers(self, body: bytes, timestamp: str = "", secret: str = SECRET) -> dict[str, str]:
        timestamp = timestamp or str(int(time.time()))
        signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature or "",
        }

    async def send(
        self, body: bytes = FORM, headers: dict[str, str] | None = None, **other: bytes
    ) -> httpx.Response:
        all_headers: dict[bytes, bytes] = {
            name.encode(): value.encode() for name, value in (headers or self.headers(body)).items()
        }
        all_headers |= {name.replace("_", "-").encode(): value for name, value in other.items()}
        return await self.http.post("/slack/events", content=body, headers=list(all_headers.items()))


async def open_door(parts: AsyncExitStack, redis: Redis, prefix: str) -> Slack:
    app = AsyncApp(
        signing_secret=SECRET,
        client=AsyncWebClient(token="xoxb-x"),
        process_before_response=True,
        request_verification_enabled=True,
    )
    web = Web(
        inbox=Inbox(redis, prefix, "x"), redis=redis, prefix=prefix, token="x", max_body_bytes=1024, slack=app
    )
    url = await parts.enter_async_context(serve(web.app()))
    slack = Slack(
        await parts.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=10))
    )

    @app.middleware
    async def without_a_workspace(next_: object = None) -> None:  # replaced below
        raise AssertionError

    app._async_middleware_list.pop()  # noqa: SLF001

    @app.command("/neumann")
    async def heard(ack: AsyncAck, command: dict[str, str]) -> None:
        slack.heard.append(command["text"])
        await ack("here")

    return slack


@pytest.fixture
async def slack(parts: AsyncExitStack, redis: Redis, prefix: str) -> Slack:
    return await open_door(parts, redis, prefix)
