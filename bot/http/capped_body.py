"""Read the body of a request or an answer up to a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request


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
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise TooLargeError
    return await join_capped(request.stream(), limit_bytes)
