"""Connections whose other end may be anybody: what it says in one answer is bounded as it comes off the wire.

A limit on the body alone is none: headers, interim answers and the frames of chunks come before a body is
counted, and are work in the event loop that no deadline interrupts.
"""

from __future__ import annotations

import functools
import socket
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

RECEIVE_BUFFER_BYTES = 32_768
"""What the kernel keeps of a connection. It bounds how much can come at once, and so how long the event loop
is held by parsing it."""


class AnswerTooLongError(aiohttp.ClientPayloadError):
    """A server goes on and on."""


class BoundedHandler(ResponseHandler):
    """A connection that is closed as soon as one answer takes more bytes than it may, however framed."""

    def __init__(self, max_answer_bytes: int, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  aiohttp's own
        super().__init__(*args, **kwargs)
        self._max_answer_bytes = max_answer_bytes
        self._received_bytes = 0

    def set_response_params(self, **params: Any) -> None:  # noqa: ANN401  aiohttp's own
        """Begin to count anew: the next answer is awaited."""
        self._received_bytes = 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Count what came before any of it is parsed."""
        self._received_bytes += len(data)
        if self._received_bytes <= self._max_answer_bytes:
            super().data_received(data)
            return
        error = AnswerTooLongError(f"The answer takes more than {self._max_answer_bytes} bytes.")
        transport, payload = self.transport, self._payload
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)
        if transport is not None:
            transport.abort()


class BoundedConnector(aiohttp.TCPConnector):
    """aiohttp's pool, of connections that are bounded.

    Args:
        max_answer_bytes: How much an answer may take on the wire, headers and framing included.
        options: As of `aiohttp.TCPConnector`.
    """

    def __init__(self, max_answer_bytes: int, **options: Any) -> None:  # noqa: ANN401  aiohttp's own
        super().__init__(socket_factory=_with_small_buffer, **options)
        # aiohttp has no setting for it; `tests/bot/http/test_bounded_connector.py` notices where this moves.
        made = functools.partial(BoundedHandler, max_answer_bytes, loop=self._loop)
        self._factory = made  # type: ignore[assignment]


def _with_small_buffer(address: Any) -> socket.socket:  # noqa: ANN401  aiohttp's AddrInfoType is not exported
    family, kind, protocol, _, _ = address
    opened = socket.socket(family=family, type=kind, proto=protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return opened
