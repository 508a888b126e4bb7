"""An API server played from Kubernetes' documentation: objects, tokens, RBAC by name, and its refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.kubernetes.objects import Object, Objects, RefusedError

MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Rule:
    """A rule of a Role: these verbs, on this resource, of these names alone; no name is any."""

    verbs: tuple[str, ...]
    resource: str
    names: tuple[str, ...] = ()

    def allows(self, verb: str, resource: str, name: str) -> bool:
        """Return whether it allows a request."""
        return verb in self.verbs and resource == self.resource and (not self.names or name in self.names)


@dataclass
class PlayedApiServer:
    """Answers as the API server does; `trouble` is the status that requests of a method get in its place.

    `seen` has every request's method and path. `on_change` is awaited before and after one takes effect.
    """

    objects: Objects = field(default_factory=Objects)
    tokens: dict[str, tuple[Rule, ...] | None] = field(default_factory=dict)
    trouble: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    on_change: Callable[[str, Literal["before", "after"]], Awaitable[None]] | None = None

    def app(self) -> Starlette:
        """Return the application; a token without rules may do everything."""
        paths = ("/api/v1/namespaces/{namespace}/{resource}", "/{name}", "/{subresource}")
        methods = ["GET", "POST", "PATCH", "DELETE"]
        return Starlette(
            routes=[Route("".join(paths[: length + 1]), self._answer, methods=methods) for length in range(3)]
        )

    async def _answer(self, request: Request) -> Response:
        self.seen.append(f"{request.method} {request.url.path}")
        if code := self.trouble.get(request.method):
            return _status(RefusedError(code, "Trouble", "the server is in trouble"))
        try:
            if self.on_change and request.method != "GET":
                await self.on_change(request.method, "before")
            answer = JSONResponse(await self._carry_out(request))
            if self.on_change and request.method != "GET":
                await self.on_change(request.method, "after")
            return answer
        except RefusedError as error:
            return _status(error)

    async def _carry_out(self, request: Request) -> Object:
        place = request.path_params
        resource, name = place["resource"], place.get("name", "")
        self._authorize(request, resource, name)
        raw = await request.body()
        sent: Object = json.loads(raw) if raw else {}
        key = (place["namespace"], resource, name or sent.get("metadata", {}).get("name", ""))
        dry_run = request.query_params.get("dryRun") == "All"
        match request.method:
            case "GET":
                return self.objects.get(key)
            case "POST":
                return self.objects.create(key, sent)
            case "DELETE":
                return self.objects.delete(key, sent)
            case _:
                if request.headers.get("Content-Type") != MERGE_PATCH:
                    raise RefusedError(415, "UnsupportedMediaType", "only a JSON merge patch is played here")
                return self.objects.patch(key, sent, dry_run=dry_run)

    def _authorize(self, request: Request, resource: str, name: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        rules = self.tokens[token]
        verb = {"POST": "create"}.get(request.method, request.method.lower())
        if rules is not None and not any(rule.allows(verb, resource, name) for rule in rules):
            who = "system:serviceaccount:neumann:neumann"
            said = f'{resource} "{name}" is forbidden: User "{who}" cannot {verb} resource "{resource}"'
            raise RefusedError(403, "Forbidden", said)


def _status(error: RefusedError) -> Response:
    """Return a `Status`; one that is too busy says when to come again."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": str(error),
        "reason": error.reason,
        "code": error.code,
    }
    headers = {"Retry-After": "1"} if error.code == 429 else {}
    return JSONResponse(body, status_code=error.code, headers=headers)
