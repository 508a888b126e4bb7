"""The node's own page: Neumann's lines, and in their absence the truth about what answered."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from agent.errors import ReadingError
from agent.protocol import MetricsPage
from agent.readings.metrics_page import MAX_PAGE_BYTES, MAX_TEXT_CHARS, neumann_lines, read_metrics
from agent.settings import Deadlines, Settings
from tests.agent.bed import metrics_server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
PAGE = b"""\
# HELP tensor_chain_term term of this node.
# TYPE tensor_chain_term gauge
tensor_chain_term 7.0
go_goroutines 9
tensor_chain_raft_state{state="leader"} 1.0
 tensor_chain_indented 1
"""
LINES = 'tensor_chain_term 7.0\ntensor_chain_raft_state{state="leader"} 1.0\n'


async def read(settings: Settings, *parts: bytes, hold_open: bool = False) -> MetricsPage:
    async with metrics_server(*parts, hold_open=hold_open) as url:
        return await read_metrics(replace(settings, metrics_url=url, deadlines=Deadlines(metrics=5)))


async def test_only_neumanns_lines_are_kept(settings: Settings):
    page = await read(settings, HEAD + b"\r\n", PAGE[:50], PAGE[50:])
    assert (page.content_type, page.text) == ("text/plain; version=0.0.4", LINES)


async def test_a_server_that_keeps_the_connection_says_the_length(settings: Settings):
    length = b"content-length: %d\r\n\r\n" % len(PAGE)
    page = await read(settings, HEAD + length + PAGE, hold_open=True)
    assert page.text == LINES


async def test_a_dashboard_is_a_page_without_lines(settings: Settings):
    page = await read(
        settings,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>tensor_chain_term 7</p>",
    )
    assert (page.content_type, page.text) == ("text/html; charset=utf-8", "")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered with status 404 Not Found."),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "answered with status 302 Found."),
        (b"HTTP/1.1 503 \x1b[31m\r\n\r\n", "answered with status 503 ."),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", "answered in chunks"),
        (HEAD + b"Content-Length: 9\r\n\r\ntensor", "broke off its answer."),
        (b"HTTP/1.1 200", "broke off its answer."),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "answered in another protocol than HTTP."),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * 200_000, "cannot be read: "),
    ],
)
async def test_what_is_no_page_is_said(settings: Settings, answer: bytes, sentence: str):
    with pytest.raises(ReadingError) as caught:
        await read(settings, answer)
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("parts", [(), (HEAD + b"\r\n" + PAGE,)], ids=["nothing", "no end"])
async def test_a_hung_node_is_a_timeout(settings: Settings, parts: tuple[bytes, ...]):
    start = time.monotonic()
    async with metrics_server(*parts, hold_open=True) as url:
        changed = replace(settings, metrics_url=url, deadlines=Deadlines(metrics=0.2))
        with pytest.raises(ReadingError, match=r"/metrics did not answer within 0\.2 s\."):
            await read_metrics(changed)
    assert time.monotonic() - start < 10


async def test_a_page_without_end_is_read_up_to_the_limit(settings: Settings):
    line = b"tensor_chain_x 1\n"
    page = await read(settings, HEAD + b"\r\n", line, b"#" * (MAX_PAGE_BYTES + 100), b"\n" + line)
    assert page.text == line.decode()


def test_whole_lines_up_to_the_limit():
    body = b"".join(b"tensor_chain_%06d 1\n" % number for number in range(10_000))
    text = neumann_lines(body)
    assert MAX_TEXT_CHARS - 30 < len(text) <= MAX_TEXT_CHARS
    assert body.decode().startswith(text)
    assert text.endswith(" 1\n")


def test_a_label_cannot_forge_a_line():
    assert neumann_lines('tensor_chain_x{a="\u2028tensor_chain_term 9"} 1\r\n'.encode()).count("\n") == 1
    assert neumann_lines(b'evil{a="\x0btensor_chain_term 9"} 1\n') == ""
