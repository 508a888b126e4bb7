"""One bounded HTTP/1.0 request: the answer then comes as it is, in one piece (RFC 9112, 6.1)."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from agent.addresses import split_address

_HEADER_BYTES = 64 * 1024


class NoAnswerError(Exception):
    """What was answered in place of an answer."""


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; `status` is the code with its words, the body at most one byte over the limit."""

    status: str
    headers: Message
    body: bytes

    @property
    def code(self) -> int:
        """Return the status code, 0 where it is none."""
        digits = self.status[:3]
        return int(digits) if digits.isascii() and digits.isdigit() else 0


async def send(
    address: str,
    request_line: str,
    headers: tuple[str, ...] = (),
    body: bytes = b"",
    *,
    max_bytes: int,
    tls: ssl.SSLContext | None = None,
) -> HttpAnswer:
    """Send a request on a connection of its own.

    Raises:
        NoAnswerError: If what comes back is no HTTP, or in chunks.
        OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError: As the connection says.
    """
    host, port = split_address(address)
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=_HEADER_BYTES)
    try:
        head = (f"{request_line} HTTP/1.0", f"Host: {address}", *headers, "", "")
        writer.write("\r\n".join(head).encode() + body)
        await writer.drain()
        status_line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        protocol, _, status = status_line.decode("latin-1").partition(" ")
        if not protocol.startswith("HTTP/"):
            raise NoAnswerError("in another protocol than HTTP")
        found = BytesHeaderParser().parsebytes(rest)
        if found.get("Transfer-Encoding"):
            raise NoAnswerError("in chunks, which HTTP/1.0 does not have")
        length = str(found.get("Content-Length", ""))
        # A refusal is not waited out where its end is that of the connection.
        body = await _read_body(reader, length, max_bytes) if length or status.startswith("2") else b""
        return HttpAnswer(status, found, body)
    finally:
        if tls:
            # Whoever has the answer does not wait for the other end's farewell.
            writer.transport.abort()
        writer.close()
        # It may reset what is closed before its end.
        with suppress(OSError):
            await writer.wait_closed()


async def _read_body(reader: asyncio.StreamReader, length: str, max_bytes: int) -> bytes:
    """Read as much as the header says, or to the end, but never more than one byte over the limit."""
    if length.isascii() and length.isdigit():
        return await reader.readexactly(min(int(length), max_bytes + 1))
    body = bytearray()
    while len(body) <= max_bytes and (part := await reader.read(max_bytes + 1 - len(body))):
        body += part
    return bytes(body)
