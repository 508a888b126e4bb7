"""Slack's Web API over HTTP: `/api/{method}`, in JSON, form or query, behind the bot token."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lab.slack import chat_methods, lookup_methods, view_methods
from lab.slack.limits import SlackRefusalError
from lab.slack.rate_limits import RateLimits
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace

METHODS: Mapping[str, Callable[[Workspace, Json], Json]] = {
    "auth.test": lookup_methods.auth_test,
    "chat.delete": chat_methods.delete,
    "chat.getPermalink": chat_methods.get_permalink,
    "chat.postEphemeral": chat_methods.post_ephemeral,
    "chat.postMessage": chat_methods.post_message,
    "chat.update": chat_methods.update,
    "conversations.history": lookup_methods.conversations_history,
    "conversations.info": lookup_methods.conversations_info,
    "conversations.list": lookup_methods.conversations_list,
    "conversations.members": lookup_methods.conversations_members,
    "conversations.open": lookup_methods.conversations_open,
    "conversations.replies": lookup_methods.conversations_replies,
    "pins.add": chat_methods.add_pin,
    "reactions.add": chat_methods.add_reaction,
    "team.info": lookup_methods.team_info,
    "usergroups.list": lookup_methods.usergroups_list,
    "usergroups.users.list": lookup_methods.usergroups_users_list,
    "users.info": lookup_methods.users_info,
    "users.list": lookup_methods.users_list,
    "views.open": view_methods.open_view,
    "views.push": view_methods.push_view,
    "views.update": view_methods.update_view,
}
_STRUCTURED = ("blocks", "attachments", "metadata", "view")


@dataclass
class ApiFaults:
    """How the Web API misbehaves, for tests and demonstrations; each count falls with every call."""

    delay_s: float = 0.0
    calls_to_rate_limit: int = 0
    calls_to_fail: int = 0
    answers_to_lose: int = 0  # the call takes effect, its answer does not arrive


@dataclass(frozen=True)
class WebApi:
    """The endpoint itself."""

    workspace: Workspace
    bot_token: str
    faults: ApiFaults = field(default_factory=ApiFaults)
    rate_limits: RateLimits | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one call; Slack says 200 whatever happened, and `ok` in the body."""
        fault = await self._fault()
        if fault is not None:
            return fault
        method = request.path_params["method"]
        try:
            arguments = await _arguments(request)
            self._check_token(request, arguments)
            if method not in METHODS:
                raise SlackRefusalError("unknown_method")
            if self.rate_limits and (wait_s := self.rate_limits.take(method, arguments.get("channel"))):
                return _too_many(wait_s)
            answer = {"ok": True, **METHODS[method](self.workspace, arguments)}
        except SlackRefusalError as refusal:
            answer = {"ok": False, "error": refusal.error}
            if refusal.messages:
                answer["errors"] = list(refusal.messages)
                answer["response_metadata"] = {"messages": list(refusal.messages)}
        if self.faults.answers_to_lose > 0:
            self.faults.answers_to_lose -= 1
            return Response(status_code=504)
        return JSONResponse(answer)

    async def _fault(self) -> Response | None:
        if self.faults.delay_s:
            await asyncio.sleep(self.faults.delay_s)
        if self.faults.calls_to_rate_limit > 0:
            self.faults.calls_to_rate_limit -= 1
            return _too_many(1)
        if self.faults.calls_to_fail > 0:
            self.faults.calls_to_fail -= 1
            return JSONResponse({"ok": False, "error": "internal_error"}, status_code=500)
        return None

    def _check_token(self, request: Request, arguments: Json) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = bearer or str(arguments.get("token") or "")
        if not token:
            raise SlackRefusalError("not_authed")
        if not secrets.compare_digest(token.encode(), self.bot_token.encode()):
            raise SlackRefusalError("invalid_auth")


def _too_many(wait_s: int) -> Response:
    limited = {"ok": False, "error": "ratelimited"}
    return JSONResponse(limited, status_code=429, headers={"Retry-After": str(wait_s)})


async def _arguments(request: Request) -> Json:
    arguments: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        body = await request.body()
        try:
            sent = json.loads(body or b"{}")
        except ValueError as error:
            raise SlackRefusalError("invalid_json") from error
        if not isinstance(sent, dict):
            raise SlackRefusalError("json_not_object")
        arguments |= sent
    elif kind:
        async with request.form() as form:
            arguments |= dict(form)
    return arguments | {name: _parsed(name, arguments[name]) for name in _STRUCTURED if name in arguments}


def _parsed(name: str, value: object) -> object:
    """Forms carry structured arguments as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise SlackRefusalError(f"invalid_{name}_format") from error
