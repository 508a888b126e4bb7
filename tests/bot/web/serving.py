"""Real servers on loopback for tests: an ASGI application, or one that misbehaves on its sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

from bot.web.server import EmbeddedServer

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """The application's address while it is served."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = EmbeddedServer(
        uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=2)
    )
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def talk(how: Talk, *, with_head: bool = False) -> AsyncIterator[str]:
    """A server that answers each connection with `how` and closes it; `how` may want the head itself."""
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            if not with_head:
                await reader.readuntil(b"\r\n\r\n")
            await how(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def page(body: str, kind: str = "text/plain", status: str = "200 OK") -> Talk:
    """Always this page."""
    raw = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n"

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + raw)
        await writer.drain()

    return answer


async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Take the request, and never answer."""
    await asyncio.sleep(3600)


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request, and reset the connection."""
    at_once = struct.pack("ii", 1, 0)  # linger on, for no time: the close becomes a RST
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()
