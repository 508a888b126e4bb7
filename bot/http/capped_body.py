"""Read the body of a request or an answer up to a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

MAX_DIGITS = 20
"""Of a length that is looked at: one of more is over every limit by its first."""


class TooLargeError(Exception):
    """The body is over the limit."""


async def join_capped(chunks: AsyncIterator[bytes], limit_bytes: int) -> bytes:
    """Return the chunks as one body.

    Raises:
        TooLargeError: As soon as they are over the limit, without reading the rest.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit_bytes:
            raise TooLargeError
    return bytes(body)


async def read_capped(request: Request, limit_bytes: int) -> bytes:
    """Read the body of a request.

    Raises:
        TooLargeError: As soon as it is known to be over the limit, without reading the rest.
    """
    refuse_declared(request, limit_bytes)
    return await join_capped(request.stream(), limit_bytes)


def refuse_declared(request: Request, limit_bytes: int) -> None:
    """Refuse a request by the length that it announces, before anything of it is read.

    Raises:
        TooLargeError: If that is over the limit.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:MAX_DIGITS]) > limit_bytes:
        raise TooLargeError
