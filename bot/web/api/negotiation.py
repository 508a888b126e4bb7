"""What a client takes, and whether it has the answer already."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/json"
_RANGES = (MEDIA_TYPE, "application/*", "*/*")


def whole_field(request: Request, name: str) -> str:
    """Return a header that is a list: it may be sent as several lines (RFC 9110, 5.3)."""
    return ", ".join(request.headers.getlist(name))


def takes_json(accept: str) -> bool:
    """Return whether an `Accept` header takes JSON; the most specific of its ranges that match decides."""
    weights: dict[str, float] = {}
    for each in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        given = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
        weights[kind] = _weight(given[0]) if given else 1.0
    if not accept.strip():
        return True
    return next((weights[each] > 0 for each in _RANGES if each in weights), False)


def _weight(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 1.0


def json_answer(request: Request, body: bytes) -> Response:
    """Return a document, or a 304 without it where the client has the very same one."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
    if _has(whole_field(request, "if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPE)


def _has(known: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    return "*" in tags or tag in tags
