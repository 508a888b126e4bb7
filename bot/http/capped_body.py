"""Read the body of a request or an answer up to a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator


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
