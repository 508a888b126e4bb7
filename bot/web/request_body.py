"""The body of a request, as long as it stays within a limit."""

from __future__ import annotations

from starlette.requests import Request

from bot.http.capped_body import TooLargeError, join_capped


async def read_capped(request: Request, limit_bytes: int) -> bytes:
    """Read the body of a request.

    Raises:
        TooLargeError: As soon as it is known to be over the limit, without reading the rest.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise TooLargeError
    return await join_capped(request.stream(), limit_bytes)
