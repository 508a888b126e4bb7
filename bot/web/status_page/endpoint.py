"""Answer /status: who may see it, what is asked for it, and how it is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.config.read_only import Scope
from bot.read_only.shared_answers import SharedAnswers
from bot.web.api.problems import REALM
from bot.web.api.tokens import RequestRate, Tokens
from bot.web.status_page.overview import Overview, overview
from bot.web.status_page.page import page
from bot.web.status_page.style import HEADERS
from handlers import queries
from handlers.errors import StoreDown
from handlers.ports import ReadPorts
from handlers.queries import OpenAndClosed

EVERYTHING = "everything"
NEEDED = frozenset({Scope.STATUS, Scope.INCIDENTS})
NO_TOKEN = "Give a token of [[api.tokens]] as the password; any name will do."  # noqa: S105  a sentence
NO_SCOPE = "This token lacks status:read or incidents:read: add them to its `scopes` in [[api.tokens]]."
TOO_MANY = "Too many requests with this token: come again in {wait_s} s, or raise [api] requests_per_min."

Page = Callable[[Request], Coroutine[Any, Any, Response]]


class StatusPage:
    """The page, for all or for bearers of a token."""

    def __init__(
        self,
        ports: ReadPorts,
        access: Literal["token", "open"],
        tokens: Tokens,
        rate: RequestRate,
        now: Callable[[], datetime],
    ) -> None:
        self._ports, self._tokens, self._rate, self._now = ports, tokens, rate, now
        self._is_open = access == "open"
        self._looks = SharedAnswers(self._look, time.monotonic)

    async def status_page(self, request: Request) -> Response:
        """Show the page, or say in one sentence why not; 503 where the incidents could not be read."""
        if not self._is_open and (refused := self._refusal(request)):
            return refused
        shown = await self._looks.of(EVERYTHING)
        status = HTTPStatus.SERVICE_UNAVAILABLE if shown.unread else HTTPStatus.OK
        reloads = request.query_params.get("reload") == "1"
        return HTMLResponse(page(shown, reloads=reloads), status_code=status, headers=HEADERS)

    async def _look(self, _: str) -> Overview:
        """Look at every cluster and at the incidents; one look serves all who come shortly after."""
        at, names = self._now().astimezone(UTC), self._ports.reader.clusters
        glances = asyncio.gather(*(queries.glance(self._ports, name) for name in names))
        seen, found = await asyncio.gather(glances, self._found())
        return overview(at, seen, found, in_full=not self._is_open)

    async def _found(self) -> OpenAndClosed | None:
        try:
            return await queries.open_and_closed(self._ports, queries.MAX_LOOKED_THROUGH)
        except StoreDown:
            return None

    def _refusal(self, request: Request) -> Response | None:
        caller = self._tokens.visitor(request.headers.get("authorization", ""))
        if caller is None:
            wanted = {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'}
            return _refused(HTTPStatus.UNAUTHORIZED, NO_TOKEN, wanted)
        if wait_s := self._rate.wait_s(caller):
            again = {"Retry-After": str(wait_s)}
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY.format(wait_s=wait_s), again)
        return None if caller.scopes >= NEEDED else _refused(HTTPStatus.FORBIDDEN, NO_SCOPE, {})


def _refused(status: HTTPStatus, sentence: str, headers: dict[str, str]) -> Response:
    return PlainTextResponse(sentence, status_code=status, headers={**HEADERS, **headers})
