"""One call to a route past Slack: a deadline, and one sentence for each way in which it can fail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

import httpx

from bot.http.errors import why
from bot.http.exchange import Answer, exchange
from handlers.errors import PageNotTaken
from shared.sanitize import plain

MAX_ANSWER_BYTES = 200_000
MAX_SAID_CHARS = 200


@dataclass(frozen=True)
class Route:
    """A server that takes pages: its name in sentences, its address and how long an answer may take."""

    name: str
    url: str
    timeout_s: float
    http: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Return the name with the host, and nothing else of the address: that may hold a secret."""
        given = httpx.URL(self.url)
        return f"{self.name} at {given.host}"

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        taken: HTTPStatus | None = None,
    ) -> Answer:
        """Call it, with JSON as bytes; return its answer.

        Args:
            method: The method.
            path: What follows the address.
            body: What is sent.
            headers: Those of this call alone.
            taken: The one status by which it says that it took this; `None` for any 2xx.

        Raises:
            PageNotTaken: With what it said; its `wait` is the pause that it asked for.
        """
        sent = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await exchange(
                    self.http,
                    method,
                    f"{self.url}{path}",
                    limit_bytes=MAX_ANSWER_BYTES,
                    headers=sent,
                    content=body,
                )
        except TimeoutError as error:
            raise PageNotTaken(f"{self.where} gives no answer within {self.timeout_s:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PageNotTaken(f"{self.where} cannot be reached: {why(error) or 'no connection'}.") from error
        if answer.is_success and taken in (None, answer.status):
            return answer
        raise self._not_taken(answer, taken)

    def _not_taken(self, answer: Answer, taken: HTTPStatus | None) -> PageNotTaken:
        if answer.is_success:  # a proxy's page to log in, say
            return PageNotTaken(
                f"{self.where} answers {answer.status} where it says {taken} when it takes a page."
            )
        said = plain(answer.body[:2_000].decode(errors="replace"), limit=MAX_SAID_CHARS).rstrip(".")
        words = f": {said}." if said else "."
        return PageNotTaken(f"{self.where} refuses with {answer.status}{words}", _asked_wait(answer.headers))


def _asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Return the pause that an answer asks for in seconds; a date there is passed over."""
    asked = headers.get("retry-after", "").strip()
    return timedelta(seconds=int(asked[:6])) if re.fullmatch("[0-9]+", asked) else None
