"""Read the body of a notification: of one that is too large, what fits."""

from __future__ import annotations

from starlette.requests import Request

from bot.http.capped_body import TooLargeError, refuse_declared
from handlers.domain.cut_notification import beginning_of, with_group_of

DRAINED_TIMES = 16
"""A body that is so many times too large is not even read to its end, which Alertmanager wants to see."""

END_BYTES = 65_536
"""In which the group's labels are looked for, behind the alerts."""


async def read_notification_body(request: Request, limit_bytes: int) -> tuple[bytes, bool]:
    """Read a webhook body; of one that is too large, what fits.

    Returns:
        The body, and whether it was cut.

    Raises:
        TooLargeError: If no alert stands in what fits, or it is too large to be read to its end.
    """
    refuse_declared(request, limit_bytes * DRAINED_TIMES)
    body, kept, read_bytes, end = bytearray(), None, 0, b""
    async for chunk in request.stream():
        read_bytes += len(chunk)
        end = (end + chunk)[-END_BYTES:]
        if read_bytes > limit_bytes * DRAINED_TIMES:
            raise TooLargeError
        if kept is None:
            body += chunk
            if len(body) > limit_bytes and (kept := beginning_of(bytes(body[:limit_bytes]))) is None:
                raise TooLargeError
    return (bytes(body), False) if kept is None else (with_group_of(kept, end), True)
