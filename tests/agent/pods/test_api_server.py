"""An API server that answers to do harm, or not at all, costs a sentence and no more."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme

from agent.addresses import Address
from agent.errors import ApiUnansweredError, ReadingError
from agent.pods.api_server import MAX_ANSWER_BYTES, ApiServer
from agent.pods.pod_view import service_in
from agent.settings import Kubernetes
from tests.agent.pods.bed import account_of

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def answering(folder: Path, *parts: bytes, hangs: bool = False) -> AsyncIterator[ApiServer]:
    """Answer every request with these bytes."""
    authority, over = trustme.CA(), asyncio.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
            if hangs:
                await over.wait()
                writer.transport.abort()
            writer.close()
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        address = Address(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        account = account_of(folder, "token", authority.cert_pem.bytes())
        yield ApiServer(
            Kubernetes(pod="p", config_map="c", config_key="k", api=address, service_account=account)
        )
        over.set()


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"SSH-2.0-OpenSSH\r\n\r\n",),
        (b"HTTP/1.1 200",),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",),
        (HEAD + b"Content-Length: 9\r\n\r\n{",),
        (b"HTTP/1.0 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",),
        (HEAD + b"\r\n", b" " * (MAX_ANSWER_BYTES + 1)),
        (b"HTTP/1.0 503 Busy\r\nContent-Length: 2\r\n\r\n[]",),
        (b"HTTP/1.0 302 Found\r\nLocation: https://127.0.0.1:1/\r\n\r\n",),
        (b"HTTP/1.0 \xff\xff\r\n\r\n",),
    ],
    ids=["nothing", "ssh", "broken off", "chunks", "short", "headers", "size", "503", "redirect", "no code"],
)
async def test_what_is_no_answer_may_have_been_done(tmp_path: Path, parts: tuple[bytes, ...]):
    async with answering(tmp_path, *parts) as server:
        with pytest.raises(ApiUnansweredError):
            await server.delete_pod("uid")


async def test_silence_ends_with_the_deadline(tmp_path: Path):
    async with answering(tmp_path, hangs=True) as server:
        began = time.monotonic()
        with pytest.raises(ApiUnansweredError, match=r"within 0\.1 s"):
            await server.pod(within_s=0.1)
        assert time.monotonic() - began < 10


async def test_an_answer_that_is_whole_is_not_waited_on(tmp_path: Path):
    body = b'{"metadata": {"name": "p", "uid": "u"}}'
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    async with answering(tmp_path, head, body, hangs=True) as server:
        raw = await server.pod(within_s=20)
        assert service_in(raw, "neumann", mounted_sha256=None, boottime_s=1.0).state == "unknown"


async def test_a_refusal_quotes_no_more_than_a_line(tmp_path: Path):
    said = b'{"message": "no\\u001b[31m\\n' + b"x" * 10_000 + b'"}'
    head = b"HTTP/1.0 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(said)
    async with answering(tmp_path, head, said) as server:
        with pytest.raises(ReadingError) as refused:
            await server.pod(within_s=20)
    told = str(refused.value)
    assert len(told) <= 600
    assert told.isprintable()
