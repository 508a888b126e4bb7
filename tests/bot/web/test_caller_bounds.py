"""Row 19: beyond the bounds it is the one that has waited longest who is hung up on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.callers import Callers, protocol_for
from bot.web.server import EmbeddedServer

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@contextlib.asynccontextmanager
async def calling(callers: Callers) -> AsyncIterator[int]:
    """The port of a server with these bounds."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/", length, methods=["GET", "POST"])])
    server = EmbeddedServer(
        uvicorn.Config(app, http=protocol_for(callers), lifespan="off", log_level="critical")
    )
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def call(port: int, sent: bytes) -> Pair:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def is_hung_up_on(caller: Pair) -> bool:
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            return not await caller[0].read(1)
    return True


async def finished(caller: Pair, rest: bytes) -> bytes:
    caller[1].write(rest)
    async with asyncio.timeout(5):
        head = await caller[0].readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await caller[0].readexactly(size)


def post(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size


async def until_waiting(callers: Callers, count: int, sent: int) -> None:
    async with asyncio.timeout(5):
        while (len(callers._waiting), callers._bytes) != (count, sent):
            await asyncio.sleep(0.005)


async def test_row_19_one_caller_too_many_drops_the_oldest() -> None:
    callers = Callers(max_waiting=2)
    async with calling(callers) as port:
        first, second = [await call(port, b"POST / ") for _ in range(2)]
        await until_waiting(callers, 2, 14)
        third = await call(port, post(3) + b"a")
        assert await is_hung_up_on(first)
        assert await finished(third, b"bc") == b"3"
        assert await finished(second, b"HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") == b"0"
        for _, writer in (first, second, third):
            writer.close()
        await until_waiting(callers, 0, 0)


async def test_row_19_too_many_bytes_drop_the_oldest_that_sent_some() -> None:
    callers = Callers(max_waiting_bytes=10_000)
    async with calling(callers) as port:
        silent = await call(port, b"")
        await until_waiting(callers, 1, 0)
        first = await call(port, post(9_000) + b"x" * 6_000)
        await until_waiting(callers, 2, len(post(9_000)) + 6_000)
        second = await call(port, post(7_000) + b"x" * 5_000)
        assert await is_hung_up_on(first)
        assert await finished(second, b"x" * 2_000) == b"7000"
        assert await finished(silent, post(2) + b"xx") == b"2"
        for _, writer in (silent, first, second):
            writer.close()


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, b"\r\n" * 40_000, b"GET /" + b"x" * 70_000],
    ids=["headers", "empty lines", "a path"],
)
async def test_row_19_a_head_without_end_is_cut_off(sent: bytes) -> None:
    async with calling(Callers()) as port:
        caller = await call(port, sent)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                await caller[0].read()
        caller[1].close()


async def test_requests_on_a_kept_connection_are_answered_one_after_the_other() -> None:
    callers = Callers()
    async with calling(callers) as port:
        caller = await call(port, b"")
        for size in (0, 5, 100_000):
            assert await finished(caller, post(size) + b"x" * size) == b"%d" % size
        await until_waiting(callers, 1, 0)
        caller[1].close()


async def test_row_19_who_sends_requests_ahead_without_end_is_refused() -> None:
    async with calling(Callers()) as port:
        caller = await call(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        async with asyncio.timeout(5):
            answers = await caller[0].read()
        assert answers.count(b"HTTP/1.1 200") < 10
        assert b"HTTP/1.1 400" in answers
        caller[1].close()
