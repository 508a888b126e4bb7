"""Slack's Web API over HTTP: `/api/{method}`, in JSON, form or query, behind the app's tokens."""

import asyncio
import json
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lab.slack import faults
from lab.slack.connection import cut
from lab.slack.faults import Fault
from lab.slack.methods.table import APP_LEVEL_METHOD, METHODS, Method
from lab.slack.rate_limits import RateLimits
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace

_STRUCTURED = ("attachments", "blocks", "document_content", "files", "metadata", "view")


@dataclass(frozen=True)
class WebApi:
    """The endpoint itself."""

    workspace: Workspace
    bot_token: str
    app_token: str
    rate_limits: RateLimits | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one call; Slack says 200 whatever happened, and `ok` in the body."""
        name = request.path_params["method"]
        try:
            arguments = await _arguments(request, METHODS.get(name))
            channel = arguments.get("channel") or arguments.get("channel_id")
            met = self.workspace.faults.take(name, channel)
            if early := await _before(name, met):
                return early
            if self.rate_limits and (wait_s := self.rate_limits.take(name, channel)):
                return _too_many(wait_s)
            answer = self._answer(request, name, arguments)
        except SlackRefusalError as refusal:
            return JSONResponse(refusal.to_slack())
        return _after(request, met) or JSONResponse(answer, headers=self._granted())

    def _granted(self) -> dict[str, str]:
        """Return the header in which Slack tells a token's scopes, where there is a manifest to go by."""
        scopes = self.workspace.manifest.scopes
        return {} if scopes is None else {"X-OAuth-Scopes": ",".join(sorted(scopes))}

    def _answer(self, request: Request, name: str, arguments: Json) -> Json:
        self._check_token(request, name, arguments)
        if name not in METHODS:
            raise SlackRefusalError("unknown_method")
        method, granted = METHODS[name], self.workspace.manifest.scopes
        if method.scope and granted is not None and method.scope not in granted:
            raise SlackRefusalError("missing_scope", needed=method.scope, provided=",".join(sorted(granted)))
        return {"ok": True, **method.call(self.workspace, arguments)}

    def _check_token(self, request: Request, name: str, arguments: Json) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = bearer or str(arguments.get("token") or "")
        wanted, other = self.bot_token, self.app_token
        if name == APP_LEVEL_METHOD:
            wanted, other = other, wanted
        if not token:
            raise SlackRefusalError("not_authed")
        if secrets.compare_digest(token.encode(), other.encode()):
            raise SlackRefusalError("not_allowed_token_type")
        if not secrets.compare_digest(token.encode(), wanted.encode()):
            raise SlackRefusalError("invalid_auth")


async def _before(name: str, met: list[Fault]) -> Response | None:
    """Play the faults that come before the call is done; return the answer where it is not to be done."""
    for fault in met:
        if fault.kind == faults.SLOW:
            await asyncio.sleep(fault.delay_s)
        elif fault.kind == faults.RATE_LIMITED:
            return _too_many(fault.retry_after_s)
        elif fault.kind == faults.SERVER_ERROR:
            return JSONResponse({"ok": False, "error": "internal_error"}, status_code=fault.status)
        elif fault.kind == "missing_scope":
            method = METHODS.get(name)
            raise SlackRefusalError("missing_scope", needed=(method and method.scope) or "", provided="")
        elif fault.kind not in (faults.ANSWER_LOST, faults.GATEWAY_TIMEOUT, *faults.UNREADABLE):
            raise SlackRefusalError(fault.kind)
    return None


def _after(request: Request, met: list[Fault]) -> Response | None:
    """Play the faults that lose the answer of a call that was done."""
    kinds = {fault.kind for fault in met}
    if faults.ANSWER_LOST in kinds:
        cut(request)
    for kind in kinds & faults.UNREADABLE.keys():
        status, media_type, body = faults.UNREADABLE[kind]
        return Response(body, status, media_type=media_type)
    return Response(status_code=504) if kinds & {faults.ANSWER_LOST, faults.GATEWAY_TIMEOUT} else None


def _too_many(wait_s: int) -> Response:
    limited = {"ok": False, "error": "ratelimited"}
    return JSONResponse(limited, status_code=429, headers={"Retry-After": str(wait_s)})


async def _arguments(request: Request, method: Method | None) -> Json:
    arguments: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        arguments |= _from_json(await request.body(), method)
    elif kind:
        async with request.form() as form:
            arguments |= dict(form)
    return arguments | {name: _parsed(name, arguments[name]) for name in _STRUCTURED if name in arguments}


def _from_json(body: bytes, method: Method | None) -> Json:
    try:
        sent = json.loads(body or b"{}")
    except ValueError as error:
        raise SlackRefusalError("invalid_json") from error
    if not isinstance(sent, dict):
        raise SlackRefusalError("json_not_object")
    if sent and method and not method.takes_json:
        hint = "[ERROR] this method takes no JSON: send its arguments in the URL or as a form"
        raise SlackRefusalError("invalid_arguments", [hint])
    return sent


def _parsed(name: str, value: object) -> object:
    """Parse the structured arguments that a form carries as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise SlackRefusalError(f"invalid_{name}_format") from error
