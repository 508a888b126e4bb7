"""The API as an application: each request is let in, asked, and answered with a document or a problem."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.api import openapi
from bot.web.api.negotiation import json_answer, takes_json, whole_field
from bot.web.api.operations import OPERATIONS, Asked, Operation
from bot.web.api.problems import Problem, Reason, challenge
from bot.web.api.tokens import Caller, RequestRate, Tokens, is_bearer
from handlers.domain.complaints import complaint
from handlers.errors import BotError, NothingRead, Quarantined, StoreDown, UnknownCluster, UnknownIncident
from handlers.ports import ReadPorts

log = structlog.get_logger()

RETRY_S = {"Retry-After": "5"}

REFUSALS: tuple[tuple[type[BotError], HTTPStatus, Reason, dict[str, str]], ...] = (
    (UnknownIncident, HTTPStatus.NOT_FOUND, Reason.UNKNOWN_INCIDENT, {}),
    (UnknownCluster, HTTPStatus.NOT_FOUND, Reason.UNKNOWN_CLUSTER, {}),
    (NothingRead, HTTPStatus.NOT_FOUND, Reason.NOTHING_READ, {}),
    (Quarantined, HTTPStatus.CONFLICT, Reason.LEFT_ALONE, {}),
    (StoreDown, HTTPStatus.SERVICE_UNAVAILABLE, Reason.STORE_DOWN, RETRY_S),
)
"""Which problem an error of the product is."""

Endpoint = Callable[[Request], Awaitable[Response]]


def api(ports: ReadPorts, tokens: Tokens, rate: RequestRate) -> Starlette:
    """Make the application; it answers GET and HEAD, and nothing else."""
    app = Starlette(
        routes=[
            Route("/openapi.json", _openapi(), methods=["GET"]),
            *(Route(each.path, _endpoint(each, ports, tokens, rate), methods=["GET"]) for each in OPERATIONS),
        ],
        exception_handlers={HTTPException: _no_route},
    )
    # A redirect goes where `Host` says, and behind a proxy with TLS to plain HTTP: the token would go along.
    app.router.redirect_slashes = False
    return app


def _openapi() -> Endpoint:
    body = json.dumps(openapi.document()).encode()

    async def document(request: Request) -> Response:
        return json_answer(request, body)

    return document


def _endpoint(operation: Operation, ports: ReadPorts, tokens: Tokens, rate: RequestRate) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            _let_in(request, operation, tokens, rate)
            answered = await operation.run(ports, _asked(request, operation))
            return json_answer(request, answered.model_dump_json().encode())
        except Problem as problem:
            return problem.response()
        except Exception as error:
            return _failed(error, operation).response()

    return answer


def _let_in(request: Request, operation: Operation, tokens: Tokens, rate: RequestRate) -> None:
    """Check that the request may be answered.

    Raises:
        Problem: If its token is missing, wrong, used too much or for something else, or it takes no JSON.
    """
    shown = request.headers.get("authorization", "")
    caller = tokens.bearer(shown)
    if caller is None:
        raise _no_token(is_shown=is_bearer(shown))
    _within_rate(caller, rate)
    if operation.scope not in caller.scopes:
        scope = operation.scope.value
        says = f"The token {caller.name} lacks the scope {scope}: add it to `scopes` in [[api.tokens]]."
        headers = challenge(error="insufficient_scope", scope=scope)
        raise Problem(HTTPStatus.FORBIDDEN, Reason.SCOPE, says, headers)
    if not takes_json(whole_field(request, "accept")):
        says = "The answer is application/json: name it in `Accept`, or leave that header out."
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, Reason.NOT_ACCEPTABLE, says)


def _no_token(*, is_shown: bool) -> Problem:
    if not is_shown:
        says = "A token is needed: send `Authorization: Bearer TOKEN` with one of [[api.tokens]]."
        return Problem(HTTPStatus.UNAUTHORIZED, Reason.NO_TOKEN, says, challenge())
    says = "This token is none of [[api.tokens]]: look into the file that is named there."
    return Problem(HTTPStatus.UNAUTHORIZED, Reason.WRONG_TOKEN, says, challenge(error="invalid_token"))


def _within_rate(caller: Caller, rate: RequestRate) -> None:
    if wait_s := rate.wait_s(caller):
        says = (
            f"More than {rate.per_min} requests a minute with the token {caller.name}: come again in"
            f" {wait_s} s, or raise [api] requests_per_min."
        )
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS, Reason.TOO_MANY_REQUESTS, says, {"Retry-After": str(wait_s)}
        )


def _asked(request: Request, operation: Operation) -> Asked:
    """Return the question that a request asks: what its path names, and its query.

    Raises:
        Problem: If a parameter is not known, given twice, or not written as it has to be.
    """
    given = request.query_params
    try:
        query: BaseModel = operation.query.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _wrong_parameter(f"{first['loc'][0]} {complaint(first)}") from error
    if twice := [name for name in given if len(given.getlist(name)) > 1]:
        raise _wrong_parameter(f"{twice[0]} is given more than once")
    return Asked(next(iter(request.path_params.values()), ""), query)


def _wrong_parameter(what: str) -> Problem:
    says = f"The parameter {what[:200]}: {openapi.ROOT}/openapi.json lists what this address takes."
    return Problem(HTTPStatus.BAD_REQUEST, Reason.PARAMETER, says)


def _failed(error: Exception, operation: Operation) -> Problem:
    for kind, status, reason, headers in REFUSALS:
        if isinstance(error, kind):
            return Problem(status, reason, str(error), headers)
    log.error("api_failed", operation=operation.name, exc_info=error)
    says = "The bot failed over this request: its log has the place under `api_failed`."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, Reason.FAILED, says)


async def _no_route(_: Request, error: Exception) -> Response:
    """Answer 404 where there is no resource, and 405 where one is asked for more than GET or HEAD."""
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        says = "This API only tells: GET and HEAD are answered. What is to be done is confirmed in Slack."
        allowed = dict(error.headers or {})
        return Problem(HTTPStatus.METHOD_NOT_ALLOWED, Reason.METHOD, says, allowed).response()
    says = f"Nothing is at this address: {openapi.ROOT}/openapi.json lists those there are."
    return Problem(HTTPStatus.NOT_FOUND, Reason.NO_SUCH_ADDRESS, says).response()
