"""The one way in which the bot asks anybody over HTTP: the answer is streamed, plain, and capped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx

from bot.http.capped_body import TooLargeError, join_capped
from bot.http.errors import UnfitAnswerError

PLAIN = frozenset({"", "identity"})


@dataclass(frozen=True)
class Answer:
    """What a server said. Its bytes are as they came."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300


async def exchange(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    limit_bytes: int,
    headers: Mapping[str, str] | None = None,
    **request: Any,  # noqa: ANN401  as of httpx
) -> Answer:
    """Send a request and read its answer as far as it may go; a redirect is an answer, and not followed.

    Args:
        http: The client.
        method: GET, POST or DELETE.
        url: The address.
        limit_bytes: The longest body that is taken.
        headers: Of the request.
        request: What else httpx takes.

    Raises:
        httpx.HTTPError: If no answer comes, or it is no HTTP.
        UnfitAnswerError: If it is too long, or encoded though it was asked for plain: such a body's size is
            known only when it has been unpacked.
        httpx.InvalidURL: If the address is none.
    """
    plain = {**(headers or {}), "Accept-Encoding": "identity"}
    try:
        async with http.stream(method, url, headers=plain, follow_redirects=False, **request) as response:
            encoding = response.headers.get("content-encoding", "").strip().lower()
            if encoding not in PLAIN:
                raise UnfitAnswerError("the answer is compressed, which was not asked for")
            declared = response.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit_bytes:
                raise TooLargeError
            body = await join_capped(response.aiter_raw(), limit_bytes)
            content_type = response.headers.get("content-type", "")[:200]
            return Answer(response.status_code, content_type, body, response.headers)
    except TooLargeError as error:
        raise UnfitAnswerError(f"the answer is larger than {limit_bytes // 1000} kB") from error
    except aiohttp.ClientError as error:  # those that the transport has no word for: what came is no HTTP
        raise httpx.RemoteProtocolError("the answer is no HTTP") from error
