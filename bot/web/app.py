"""The HTTP routes: Alertmanager's webhook, Slack's requests, and probes."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.http.capped_body import TooLargeError, read_capped
from bot.slack.inbound.request_queue import SlackRequest, SlackRequests
from bot.slack.inbound.signature import MAX_BODY_BYTES, refusal, refusal_of_head
from bot.store.queues.inbox import Inbox
from bot.store.refusals import Refusals
from bot.web.api.openapi import ROOT as API_ROOT
from bot.web.counting import counting
from bot.web.metrics import BotMetrics
from bot.web.notification_body import read_notification_body
from bot.web.own_status import OwnStatus
from bot.web.pagerduty import PagerDutyWebhook
from bot.web.read_only import ReadOnlyWays
from handlers.domain.notification import first_complaint, read_notification
from handlers.errors import StoreDown

log = structlog.get_logger()

NOT_FOUND = 404
FINAL = (400, 401, NOT_FOUND, 413)
"""After these statuses Alertmanager gives a notification up."""

NOTE_EVERY_S = 1.0

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
ExceptionHandler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]

NOTHING_TO_READ = ReadOnlyWays()

WEBHOOK_PATHS = ("/alertmanager", "/alertmanager/{cluster:path}")
"""A slash more is no reason to lose an alert: Alertmanager does not repeat what gets a 404."""


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
        hangs: Callable[[], str | None] = lambda: None,
        pagerduty: PagerDutyWebhook | None = None,
        canary_every_s: float | None = None,
        read_only: ReadOnlyWays = NOTHING_TO_READ,
    ) -> None:
        self._inbox = inbox
        self._token = token.encode()
        self._max_body_bytes = max_body_bytes
        self._slack = slack
        self._requests = requests
        self._verifier = SignatureVerifier(signing_secret)
        self._pagerduty = pagerduty
        self._read_only = read_only
        self._metrics, self._refusals = BotMetrics(redis, prefix, canary_every_s), Refusals(redis, prefix)
        self._own = OwnStatus(redis, prefix, self._metrics, hangs)
        self._noted_s: dict[int, float] = {}

    def app(self, *, tells_status: bool = True) -> Starlette:
        """Make the application that Slack and Alertmanager call.

        Args:
            tells_status: Whether it also answers what `status_app` does.
        """
        routes: list[BaseRoute] = [
            *(Route(path, self._counted(self.alertmanager), methods=["POST"]) for path in WEBHOOK_PATHS),
            Route("/slack/events", self._counted(self.slack_events), methods=["POST"]),
        ]
        if self._pagerduty:
            routes.append(Route("/pagerduty", self._counted(self._pagerduty.pagerduty), methods=["POST"]))
        routes += self._status_routes() if tells_status else ()
        return _without_redirects(routes, {NOT_FOUND: self._nothing_here})

    def status_app(self) -> Starlette:
        """Make the application that tells of the bot itself, for a port of its own."""
        return _without_redirects(self._status_routes())

    def _status_routes(self) -> list[BaseRoute]:
        return [*self._read_only_routes(), *self._own.routes()]

    def _read_only_routes(self) -> Iterator[BaseRoute]:
        if api := self._read_only.api:
            answers = self._metrics.answers
            yield Mount(API_ROOT, app=counting(api, lambda status: answers.labels("api", status).inc()))
        if page := self._read_only.status_page:
            yield Route("/status", self._counted(page), methods=["GET"])

    def _counted(self, endpoint: Endpoint) -> Endpoint:
        async def counted(request: Request) -> Response:
            try:
                response = await endpoint(request)
            except ClientDisconnect:  # nobody is left to answer; it is counted
                response = Response(status_code=400)
            self._metrics.answers.labels(endpoint.__name__, response.status_code).inc()
            if endpoint.__name__ == "alertmanager" and response.status_code in FINAL:
                await self._note_refused(response.status_code)
            return response

        return counted

    async def _note_refused(self, status: int) -> None:
        """Note a notification that Alertmanager will not send again; whoever sends many makes few writes."""
        if time.monotonic() - self._noted_s.get(status, -math.inf) >= NOTE_EVERY_S:
            self._noted_s[status] = time.monotonic()
            await self._refusals.note("webhook", str(status))

    async def alertmanager(self, request: Request) -> Response:
        """Store a notification, and only then say so; the worker reads it from there."""
        if not self._has_token(request):
            return self._refused("token", "The bearer token is missing or wrong.", 401)
        taking = partial(self._store_notification, request)
        return await self._requests.tracing.received(taking, route="/alertmanager", carrier=request.headers)

    async def _store_notification(self, request: Request) -> Response:
        try:
            body, is_cut = await read_notification_body(request, self._max_body_bytes)
            read_notification(body)
            await self._inbox.store(body, request.path_params.get("cluster", "").strip("/") or None)
        except TooLargeError:
            sentence = (
                f"The body is over {self._max_body_bytes} bytes: let Alertmanager's route group by more "
                "labels, or raise [web] max_body_bytes."
            )
            return self._refused("too_large", sentence, 413)
        except ValidationError as error:
            sentence = f"This is no Alertmanager v4 notification: {first_complaint(error)}."
            return self._refused("no_notification", sentence, 400)
        except StoreDown as error:
            # Alertmanager repeats on 5xx, and drops on 4xx.
            return self._refused("store", str(error), 503)
        if is_cut:
            log.warning("notification_cut", limit_bytes=self._max_body_bytes)
        return PlainTextResponse("stored")

    def _has_token(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)

    async def _nothing_here(self, request: Request, _: Exception) -> Response:
        """Answer at an address that is none; who has the webhook's token means the webhook."""
        if not self._has_token(request):
            return PlainTextResponse("Not Found", status_code=NOT_FOUND)
        await self._note_refused(NOT_FOUND)
        sentence = "Nothing is at this address: the webhook is /alertmanager or /alertmanager/CLUSTER."
        return self._refused("address", sentence, NOT_FOUND)

    def _refused(self, reason: str, sentence: str, status: int) -> Response:
        """Say why a notification is not taken: to the sender, in the log, and as a count."""
        self._metrics.refused.labels(reason).inc()
        log.warning("notification_refused", reason=reason, status=status, error=sentence)
        return PlainTextResponse(sentence, status_code=status)

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
            return PlainTextResponse("This is not a request from Slack.", status_code=400)
        try:
            taking = partial(self._taken, asked, request.headers["x-slack-signature"])
            return await self._requests.tracing.received(taking, route="/slack/events", handle=asked.handle)
        except StoreDown as error:
            return PlainTextResponse(str(error), status_code=503)

    async def _taken(self, asked: SlackRequest, signature: str) -> Response:
        """Answer or store a request that is seen for the first time; refuse a repeat."""
        if asked.is_answered_in_place:
            if await self._requests.is_first(signature):
                return to_starlette_response(await self._slack.async_dispatch(asked.for_bolt()))
        elif await self._requests.store(asked, signature) or asked.event_id:
            return Response()  # Slack sends an event again if it thinks that it was not received
        return PlainTextResponse("This request has been seen before.", status_code=401)


def _without_redirects(
    routes: list[BaseRoute], handlers: dict[int, ExceptionHandler] | None = None
) -> Starlette:
    """Make an application that redirects nowhere.

    A redirected POST may come as a GET, whose answer Alertmanager would read as success. And a redirect goes
    where `Host` says, behind a proxy with TLS to plain HTTP: a reader's token would go along.
    """
    app = Starlette(routes=routes, exception_handlers=handlers or {})
    app.router.redirect_slashes = False
    return app
