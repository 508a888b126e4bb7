"""The HTTP side: Alertmanager's webhook, Slack's requests, and whether the process is well."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import ValidationError
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent.version import version
from bot.http.capped_body import TooLargeError
from bot.slack.inbound.request_queue import SlackRequest, SlackRequests
from bot.slack.inbound.signature import MAX_BODY_BYTES, refusal, refusal_of_head
from bot.store.health import why_not_ready
from bot.store.inbox import Inbox
from bot.web.metrics import BotMetrics
from bot.web.request_body import read_capped
from handlers.domain.notification import first_complaint, read_notification
from handlers.errors import StoreDown

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Web:
    """The routes and what they need."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        redis: Redis,
        prefix: str,
        token: str,
        max_body_bytes: int,
        slack: AsyncApp,
        requests: SlackRequests,
        signing_secret: str,
    ) -> None:
        self._inbox = inbox
        self._redis = redis
        self._prefix = prefix
        self._authorization = f"Bearer {token}".encode()
        self._max_body_bytes = max_body_bytes
        self._slack = slack
        self._requests = requests
        self._verifier = SignatureVerifier(signing_secret)
        self._metrics = BotMetrics(redis, prefix)

    def app(self) -> Starlette:
        """Make the Starlette application."""
        app = Starlette(
            routes=[
                Route("/alertmanager", self._counted(self.alertmanager), methods=["POST"]),
                Route("/alertmanager/{cluster}", self._counted(self.alertmanager), methods=["POST"]),
                Route("/slack/events", self._counted(self.slack_events), methods=["POST"]),
                Route("/livez", self.livez),
                Route("/readyz", self.readyz),
                Route("/version", self.version),
                Route("/metrics", self.metrics),
            ]
        )
        # A redirected POST may come as a GET: Alertmanager would read its answer as success.
        app.router.redirect_slashes = False
        return app

    def _counted(self, endpoint: Endpoint) -> Endpoint:
        async def counted(request: Request) -> Response:
            response = await endpoint(request)
            self._metrics.answers.labels(endpoint.__name__, response.status_code).inc()
            return response

        return counted

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
        """Store a request of Slack's for a worker, or answer it here where the answer is what is shown."""
        if refused := refusal_of_head(request):
            return refused
        try:
            body = await read_capped(request, MAX_BODY_BYTES)
        except TooLargeError:
            return PlainTextResponse("The body is too large.", status_code=413)
        if refused := refusal(request, body, self._verifier):
            return refused
        try:
            asked = SlackRequest.read(body.decode(), request.headers.get("content-type", ""))
        except ValueError:
            return PlainTextResponse("This is no request of Slack's.", status_code=400)
        try:
            return await self._taken(asked, request.headers["x-slack-signature"])
        except StoreDown as error:
            return PlainTextResponse(str(error), status_code=503)

    async def _taken(self, asked: SlackRequest, signature: str) -> Response:
        """Answer or store a request that is seen for the first time; refuse a repeat."""
        if asked.is_answered_in_place:
            if await self._requests.is_first(signature):
                return to_starlette_response(await self._slack.async_dispatch(asked.for_bolt()))
        elif await self._requests.store(asked, signature) or asked.event_id:
            return Response()  # an event is sent again where Slack thinks that it was not heard
        return PlainTextResponse("This request has been seen before.", status_code=401)

    async def livez(self, _: Request) -> Response:
        """Say that the process runs."""
        return PlainTextResponse("alive")

    async def readyz(self, _: Request) -> Response:
        """Say whether the process can store what it is sent."""
        reason = await why_not_ready(self._redis)
        if reason:
            return JSONResponse({"ready": False, "reason": reason}, status_code=503)
        return JSONResponse({"ready": True})

    async def version(self, _: Request) -> Response:
        """Say which version runs here, since replicas may be of several."""
        return JSONResponse({"version": version()})

    async def metrics(self, _: Request) -> Response:
        """Return the bot's own metrics for Prometheus."""
        return Response(await self._metrics.page(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
