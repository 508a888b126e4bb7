"""Whatever a server answers is read plain and as far as it may go, or refused in a few words."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from bot.http.client import http_client
from bot.http.errors import why
from bot.http.exchange import exchange
from tests.bot.web.serving import Talk, page, talk

LIMIT = 1_000


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(httpx.Timeout(5), max_answer_bytes=40_000) as client:
        yield client


def raw(*parts: bytes, again: bytes = b"") -> Talk:
    """Answer with these bytes, and with `again` until nobody listens any more."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        while again:
            writer.write(again)
            await writer.drain()

    return answer


def with_length(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_an_answer_is_asked_for_plain_and_taken_up_to_the_limit(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(with_length(b"x" * LIMIT, "Content-Type: text/plain"))

    url = await parts.enter_async_context(talk(answer, with_head=True))
    said = await exchange(http, "GET", url, limit_bytes=LIMIT)
    assert (said.status, said.content_type, said.body, said.is_success) == (
        200,
        "text/plain",
        b"x" * LIMIT,
        True,
    )
    assert b"accept-encoding: identity" in heads[0].lower()


REFUSED: dict[str, tuple[Talk, str]] = {
    "one byte too many": (page("x" * (LIMIT + 1)), "the answer is larger than 1 kB"),
    "too many, in chunks": (
        raw(CHUNKED, again=b"64\r\n" + b"x" * 100 + b"\r\n"),
        "the answer is larger than 1 kB",
    ),
    "too many, without an end": (raw(b"HTTP/1.0 200 OK\r\n\r\n", again=b"x" * 100), "larger than 1 kB"),
    "compressed": (
        raw(with_length(gzip.compress(b"x"), "Content-Encoding: gzip")),
        "the answer is compressed, which was not asked for",
    ),
    "compressed in another way": (raw(with_length(b"x", "content-encoding: br, IDENTITY")), "compressed"),
    "interim answers for ever": (
        raw(again=b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "the answer does not end",
    ),
    "chunks of one byte, whose frames are longer": (
        raw(CHUNKED, again=b"1;" + b"x" * 5_000 + b"\r\nx\r\n"),
        "the answer does not end",
    ),
    "headers for ever": (raw(b"HTTP/1.1 200 OK\r\n", again=b"X: y\r\n"), "the answer "),
    "no HTTP": (raw(b"\x16\x03\x01\r\n\r\n"), "the answer is no HTTP"),
}


@pytest.mark.parametrize(("how", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_any_other_answer_is_refused_in_a_few_words(
    http: httpx.AsyncClient, parts: AsyncExitStack, how: Talk, words: str
) -> None:
    url = await parts.enter_async_context(talk(how))
    with pytest.raises(httpx.HTTPError) as refused:
        await exchange(http, "GET", url, limit_bytes=LIMIT)
    assert words in (why(refused.value) or str(refused.value))


async def test_a_redirect_is_an_answer(http: httpx.AsyncClient, parts: AsyncExitStack) -> None:
    moved = raw(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    url = await parts.enter_async_context(talk(moved))
    assert (await exchange(http, "GET", url, limit_bytes=LIMIT)).status == 307


async def test_no_cookie_is_kept(http: httpx.AsyncClient, parts: AsyncExitStack) -> None:
    url = await parts.enter_async_context(talk(raw(with_length(b"x", "Set-Cookie: a=b"))))
    await exchange(http, "GET", url, limit_bytes=LIMIT)
    assert len(http.cookies) == 0


async def test_each_answer_on_a_kept_connection_has_the_whole_bound(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    async def thrice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(with_length(b"x" * 30_000))

    url = await parts.enter_async_context(talk(thrice, with_head=True))
    for _ in range(3):
        assert (await exchange(http, "GET", url, limit_bytes=30_000)).is_success
