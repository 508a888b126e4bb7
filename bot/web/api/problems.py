"""Errors as problem documents (RFC 9457): a fixed word for programs, a sentence with the mend for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Literal

from starlette.responses import Response

from bot.read_only.answer import Document

MEDIA_TYPE = "application/problem+json"
REALM = "neumann-bot"


class Reason(StrEnum):
    """What is wrong with a request, or why it has no answer."""

    NO_TOKEN = "no_token"  # noqa: S105  a word, no secret
    WRONG_TOKEN = "wrong_token"  # noqa: S105
    SCOPE = "scope"
    PARAMETER = "parameter"
    NO_SUCH_ADDRESS = "no_such_address"
    UNKNOWN_INCIDENT = "unknown_incident"
    UNKNOWN_CLUSTER = "unknown_cluster"
    NOTHING_READ = "nothing_read"
    METHOD = "method"
    NOT_ACCEPTABLE = "not_acceptable"
    LEFT_ALONE = "left_alone"
    TOO_MANY_REQUESTS = "too_many_requests"
    STORE_DOWN = "store_down"
    FAILED = "failed"


class ProblemDocument(Document):
    """A problem: the HTTP status and its phrase, a fixed word for programs, and a sentence for people."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    reason: Reason
    detail: str


class Problem(Exception):  # noqa: N818  it is an answer
    """A request that gets a problem in place of an answer."""

    def __init__(
        self, status: HTTPStatus, reason: Reason, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.document = ProblemDocument(title=status.phrase, status=status, reason=reason, detail=detail)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the response that carries this problem."""
        return Response(
            self.document.model_dump_json(),
            status_code=self.document.status,
            headers={**self.headers, "Cache-Control": "no-store"},
            media_type=MEDIA_TYPE,
        )


def challenge(**parameters: str) -> dict[str, str]:
    """Return the header that says which token is wanted (RFC 6750)."""
    words = ", ".join(f'{name}="{value}"' for name, value in {"realm": REALM, **parameters}.items())
    return {"WWW-Authenticate": f"Bearer {words}"}
