"""The HTTP side: Alertmanager's webhook, Slack's requests, and whether the process is well."""

from __future__ import annotations

import hmac

from pydantic import ValidationError
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.inbox import Inbox
from bot.slack.guard import MAX_BODY_BYTES, TooLargeError, read_capped, refusal
from bot.timeline_store import store_errors
from handlers.errors import StoreDown
from handlers.notification import first_complaint, read_notification


class Web:
    """The routes and what they need."""

    def __init__(
        self, *, inbox: Inbox, redis: Redis, prefix: str, token: str, max_body_bytes: int, slack: AsyncApp
    ) -> None:
        self._inbox = inbox
        self._redis = redis
        self._prefix = prefix
        self._authorization = f"Bearer {token}".encode()
        self._max_body_bytes = max_body_bytes
        self._slack = AsyncSlackRequestHandler(slack)

    def app(self) -> Starlette:
        """The Starlette application."""
        app = Starlette(
            routes=[
                Route("/alertmanager", self.alertmanager, methods=["POST"]),
                Route("/alertmanager/{cluster}", self.alertmanager, methods=["POST"]),
                Route("/slack/events", self.slack_events, methods=["POST"]),
                Route("/livez", self.livez),
                Route("/readyz", self.readyz),
            ]
        )
        # A redirected POST may come as a GET: Alertmanager would read its answer as success.
        app.router.redirect_slashes = False
        return app

    async def alertmanager(self, request: Request) -> Response:
        """Store a notification, and only then say so; the worker reads it from there."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._authorization):
            return PlainTextResponse("The bearer token is missing or wrong.", status_code=401)
        try:
            body = await read_capped(request, self._max_body_bytes)
            read_notification(body)
            await self._inbox.store(body, request.path_params.get("cluster"))
        except TooLargeError:
            sentence = f"The body is over {self._max_body_bytes} bytes: set max_alerts on the receiver."
            return PlainTextResponse(sentence, status_code=413)
        except ValidationError as error:
            sentence = f"This is no Alertmanager v4 notification: {first_complaint(error)}."
            return PlainTextResponse(sentence, status_code=400)
        except StoreDown as error:
            # Alertmanager repeats on 5xx, and drops on 4xx.
            return PlainTextResponse(str(error), status_code=503)
        return PlainTextResponse("stored")

    async def slack_events(self, request: Request) -> Response:
        """Everything that Slack sends, after the guard."""
        try:
            body = await read_capped(request, MAX_BODY_BYTES)
        except TooLargeError:
            return PlainTextResponse("The body is too large.", status_code=413)
        refused = await refusal(request, body, self._redis, self._prefix)
        if refused:
            return refused
        return await self._slack.handle(_with_body(request, body))

    async def livez(self, _: Request) -> Response:
        """The process runs."""
        return PlainTextResponse("alive")

    async def readyz(self, _: Request) -> Response:
        """The process can store what it is sent."""
        try:
            async with store_errors():
                await self._redis.ping()
        except StoreDown as error:
            return JSONResponse({"ready": False, "reason": str(error)}, status_code=503)
        return JSONResponse({"ready": True})


def _with_body(request: Request, body: bytes) -> Request:
    """The same request for Bolt's adapter, whose stream has been read already."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)
