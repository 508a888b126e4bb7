"""PagerDuty, Opsgenie and a webhook's receiver on loopback, which answer as their public documentation says.

PagerDuty: developer.pagerduty.com, Events API v2 and its OpenAPI document, on-call entries of the REST API.
Opsgenie: docs.opsgenie.com, Alert API (asynchronous, request status) and Response (status codes).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"
GENIE_KEY = "eb243592-faa2-4ba2-a551-1afdf565c889"
REST_TOKEN = "y_NbAkKc66ryYTWUXYEu"
Fault = Callable[[], Response]


def busy() -> Response:
    """Too many calls at a time, with the pause that is asked for."""
    return JSONResponse({"message": "Rate limit exceeded"}, 429, headers={"Retry-After": "30"})


def broken() -> Response:
    return JSONResponse({"status": "error", "message": "Internal Server Error"}, 500)


@dataclass
class Service:
    """What came, and what goes wrong next: each fault answers one request."""

    faults: list[Fault] = field(default_factory=list)
    came: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)

    def fault(self) -> Response | None:
        return self.faults.pop(0)() if self.faults else None


@dataclass
class PagerDutyServer(Service):
    """Events of one dedup_key are one alert; what is resolved opens anew by a trigger."""

    on_call: list[dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/enqueue", self.enqueue, methods=["POST"]),
                Route("/oncalls", self.oncalls, methods=["GET"]),
            ]
        )

    async def enqueue(self, request: Request) -> Response:
        if fault := self.fault():
            return fault
        event = json.loads(await request.body())
        if errors := list(self._wrong(event)):
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return JSONResponse(body, 400)
        self.came.append(event)
        key, action = event["dedup_key"], event["event_action"]
        if action == "trigger" and self.state.get(key) in (None, "resolved"):
            self.state[key] = "triggered"
        elif action == "acknowledge" and self.state.get(key) == "triggered":
            self.state[key] = "acknowledged"
        elif action == "resolve" and key in self.state:
            self.state[key] = "resolved"
        return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": key}, 202)

    def _wrong(self, event: dict[str, Any]):
        if len(event.get("routing_key", "")) != 32:
            yield "Length of 'routing_key' is incorrect (should be 32 characters)"
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            yield "'event_action' is missing or blank"
        if event.get("event_action") == "trigger":
            payload = event.get("payload") or {}
            for name in ("summary", "source", "severity"):
                if not payload.get(name):
                    yield f"'payload.{name}' is missing or blank"
            if payload.get("severity") not in ("critical", "error", "warning", "info"):
                known = "'critical', 'warning', 'error' or 'info'"
                yield f"'payload.severity' is invalid (must be one of the following: {known})"
            if len(payload.get("summary", "")) > 1024:
                yield "'payload.summary' is too long"
        elif not event.get("dedup_key"):
            yield "'dedup_key' is missing or blank"

    async def oncalls(self, request: Request) -> Response:
        if fault := self.fault():
            return fault
        if request.headers.get("authorization") != f"Token token={REST_TOKEN}":
            return JSONResponse({"error": {"message": "Access Denied", "code": 2006}}, 401)
        assert request.query_params.getlist("schedule_ids[]") == ["PSCHED1"]
        page = {"limit": 25, "offset": 0, "more": False, "total": None}
        return JSONResponse({"oncalls": self.on_call, **page})


@dataclass
class OpsgenieServer(Service):
    """Accepts with 202 and does it later: an alias has one open alert, and of none nothing can be done."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    knows_after: int = 1
    does_not: str = ""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/alerts", self.create, methods=["POST"]),
                Route("/v2/alerts/requests/{request_id}", self.status, methods=["GET"]),
                Route("/v2/alerts/{alias}/{act}", self.change, methods=["POST"]),
            ]
        )

    def _refused(self, request: Request) -> Response | None:
        if fault := self.fault():
            return fault
        if request.headers.get("authorization") != f"GenieKey {GENIE_KEY}":
            body = {"message": "Could not authenticate", "took": 0.0, "requestId": "r-0"}
            return JSONResponse(body, 401)
        return None

    def _accepted(self, action: str, alias: str, *, done: bool, status: str) -> Response:
        request_id = f"request-{len(self.results) + 1}"
        self.results[request_id] = {
            "success": done,
            "action": action,
            "processedAt": "2026-11-24T12:10:00.844Z",
            "integrationId": "c9cec2cb-e782-4ebb-bc1d-1b2fa703cf03",
            "isSuccess": done,
            "status": status,
            "alertId": "8743a1b2-11da-480e-8493-744660987bef" if done else "",
            "alias": alias,
        }
        body = {"result": "Request will be processed", "took": 0.302, "requestId": request_id}
        return JSONResponse(body, 202)

    async def create(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        alert = json.loads(await request.body())
        if not 1 <= len(alert.get("message", "")) <= 130:
            errors = {"message": "Message can not be longer than 130 characters."}
            body = {"message": "Request body is not processable. Please check the errors.", "errors": errors}
            return JSONResponse({**body, "took": 0.01, "requestId": "r-1"}, 422)
        self.came.append(alert)
        alias = alert["alias"]
        if not self.does_not and self.state.get(alias) in (None, "closed"):
            self.state[alias] = "open"
        status = self.does_not or "Created alert"
        return self._accepted("Create", alias, done=not self.does_not, status=status)

    async def change(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        assert request.query_params["identifierType"] == "alias"
        alias, act = request.path_params["alias"], request.path_params["act"]
        self.came.append({"alias": alias, "act": act, **json.loads(await request.body())})
        done = self.state.get(alias) in ("open", "acknowledged")
        if done:
            self.state[alias] = {"acknowledge": "acknowledged", "close": "closed"}[act]
        return self._accepted(act.capitalize(), alias, done=done, status="Alert does not exist")

    async def status(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        self.asked += 1
        known = self.results.get(request.path_params["request_id"])
        if known is None or self.asked < self.knows_after:
            return JSONResponse({"message": "Request not found. It might not be processed, yet."}, 404)
        return JSONResponse({"data": known, "took": 0.022, "requestId": "r-2"})


@dataclass
class Receiver(Service):
    """Somebody's own server: what it was sent, as it was sent."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/pages", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        if fault := self.fault():
            return fault
        self.received.append((dict(request.headers), await request.body()))
        return Response(status_code=204)
