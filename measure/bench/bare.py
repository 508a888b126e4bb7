"""The bare limit as one process: the least that does the same at the edge, and nothing of this project.

`python -m measure.bench.bare --port N --redis URL --slack URL` serves `/alertmanager` (parse, a Redis write,
202), `/alert` (the same, and one post to Slack before the answer) and `/slack/events` (Bolt with
`process_before_response`, whose listeners acknowledge and do nothing; `/answered` answers as well).
"""

from __future__ import annotations

import argparse
import socket
from datetime import datetime
from typing import Literal

import aiohttp
import uvicorn
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from measure.bench.slack_stub import SIGNING_SECRET


class Received(BaseModel):
    """Alertmanager's names are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class Alert(Received):
    """One alert of a v4 body."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime
    fingerprint: str


class Notification(Received):
    """A v4 body."""

    version: Literal["4"]
    status: Literal["firing", "resolved"]
    receiver: str
    group_key: str
    truncated_alerts: int = 0
    alerts: list[Alert]


def app(redis_url: str, slack_url: str) -> Starlette:
    """Return an application with the three routes."""
    redis = Redis.from_url(redis_url, socket_timeout=None, protocol=2)
    handler = AsyncSlackRequestHandler(_bolt(slack_url))
    sessions: list[aiohttp.ClientSession] = []

    async def stored(request: Request) -> Notification:
        raw = await request.body()
        notification = Notification.model_validate_json(raw)
        await redis.xadd("bare", {"body": raw})
        return notification

    async def intake(request: Request) -> Response:
        await stored(request)
        return Response(status_code=202)

    async def alert(request: Request) -> Response:
        notification = await stored(request)
        if not sessions:
            sessions.append(aiohttp.ClientSession())
        message = {"channel": "C0", "text": notification.alerts[0].labels["alertname"]}
        async with sessions[0].post(f"{slack_url}chat.postMessage", json=message) as answer:
            await answer.read()
        return Response(status_code=202)

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(
        routes=[
            Route("/alertmanager", intake, methods=["POST"]),
            Route("/alert", alert, methods=["POST"]),
            Route("/slack/events", slack, methods=["POST"]),
            Route("/readyz", lambda _: Response("ready")),
        ]
    )


def _bolt(slack_url: str) -> AsyncApp:
    """Return a Bolt app whose listeners acknowledge; one of them answers as well."""
    bolt = AsyncApp(
        client=AsyncWebClient(token="xoxb-bare", base_url=slack_url),
        signing_secret=SIGNING_SECRET,
        process_before_response=True,
    )

    @bolt.command("/neumann")
    async def command(ack: AsyncAck) -> None:
        await ack()

    @bolt.command("/answered")
    async def answered(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="Here is what there is.", response_type="ephemeral")

    @bolt.action("care:acknowledge")
    async def click(ack: AsyncAck) -> None:
        await ack()

    return bolt


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--slack", required=True)
    options = parser.parse_args()
    config = uvicorn.Config(
        app(options.redis, options.slack),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    uvicorn.Server(config).run([socket.create_server(("127.0.0.1", options.port))])
