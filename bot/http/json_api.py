"""A JSON API: each request has a deadline, each failure is one sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from bot.config import Endpoint
from bot.http.errors import why
from bot.http.exchange import Answer, exchange
from handlers.errors import SourceDown
from shared.sanitize import plain

MAX_ANSWER_BYTES = 32_000_000


class JsonApi:
    """A server under one base address; `kind` is its name in errors, such as `Alertmanager`."""

    def __init__(self, kind: str, url: str, endpoint: Endpoint, http: httpx.AsyncClient) -> None:
        given = httpx.URL(url.rstrip("/"))
        self._base = given.copy_with(username=None, password=None)
        # Only host and port are repeated: an address may carry a password.
        self.name = f"{kind} at {given.host}:{given.port or given.scheme}"
        self._timeout_s = endpoint.timeout_s
        self._http = http
        self._auth = httpx.BasicAuth(given.username, given.password) if given.username else None
        token = endpoint.token.read().get_secret_value() if endpoint.token else None
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: tuple[tuple[str, str], ...] = (),
        body: Mapping[str, Any] | None = None,
        limit_bytes: int = MAX_ANSWER_BYTES,
    ) -> Any:  # noqa: ANN401  what a server says is checked by whoever asked
        """Call the server and return its answer's JSON; `None` where it is empty.

        Args:
            method: GET, POST or DELETE.
            path: Below the base address.
            params: The query; POST sends it as a form where there is no body, for queries that are long.
            body: Sent as JSON.
            limit_bytes: The longest answer that is taken.

        Raises:
            SourceDown: One sentence that names the server and what it said.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._exchange(method, path, params, body, limit_bytes)
        except TimeoutError as error:
            raise SourceDown(f"{self.name} gives no answer within {self._timeout_s:g} s.") from error
        except httpx.HTTPError as error:
            raise SourceDown(f"{self.name} cannot be asked: {why(error) or error}.") from error
        if not answer.is_success:
            said = _in_one_line(answer.body)
            raise SourceDown(f"{self.name} refuses with {answer.status}: {said}", answer.status)
        try:
            return json.loads(answer.body) if answer.body.strip() else None
        except (ValueError, RecursionError) as error:
            raise SourceDown(f"{self.name} answers with something that is not JSON.") from error

    async def _exchange(
        self,
        method: str,
        path: str,
        params: tuple[tuple[str, str], ...],
        body: Mapping[str, Any] | None,
        limit_bytes: int,
    ) -> Answer:
        as_form = method == "POST" and body is None
        return await exchange(
            self._http,
            method,
            f"{self._base}{path}",
            limit_bytes=limit_bytes,
            headers=self._headers,
            params=None if as_form else httpx.QueryParams(params),
            data=dict(params) if as_form else None,
            json=body,
            auth=self._auth,
        )


def _in_one_line(raw: bytes) -> str:
    text = plain(raw[:2_000].decode(errors="replace"), limit=300)
    return text.rstrip(".") + "." if text else "nothing more is said."
