"""Say why an HTTP request failed, in a few words: the client's error says less than its cause."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import aiohttp
import httpx

from bot.http.bounded_connector import AnswerTooLongError


class UnfitAnswerError(httpx.HTTPError):
    """An answer came that is not taken; the text says why."""


WORDS: dict[type[BaseException], str] = {
    ConnectionRefusedError: "connection refused",
    ConnectionResetError: "connection reset",
    AnswerTooLongError: "the answer does not end",
    ssl.SSLError: "the TLS handshake failed",
    TimeoutError: "no answer in time",
    aiohttp.ServerDisconnectedError: "the connection was closed",
    aiohttp.ClientConnectorError: "cannot connect",
    aiohttp.ClientOSError: "the connection broke",
}
"""The first class that is found anywhere in the chain of causes gives the words."""


def why(error: BaseException) -> str | None:
    """Return the words for a failed request; `None` where the failure is of no known kind."""
    if isinstance(error, UnfitAnswerError):
        return str(error)
    kind = _kind(error)
    return WORDS[kind] if kind else None


def timed_out(error: BaseException) -> bool:
    """Return whether a request failed because no answer came in time, and for no reason more exact."""
    return _kind(error) is TimeoutError


def refused(error: BaseException) -> bool:
    """Return whether a request failed because nothing listens there, or a firewall says so."""
    return _kind(error) is ConnectionRefusedError


def _kind(error: BaseException) -> type[BaseException] | None:
    causes = tuple(_causes(error))
    return next((kind for kind in WORDS if any(isinstance(cause, kind) for cause in causes)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        os_error = getattr(error, "os_error", None)
        if isinstance(os_error, BaseException) and os_error is not error:
            yield os_error
        error = error.__cause__ or error.__context__
