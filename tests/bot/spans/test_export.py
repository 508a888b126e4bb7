"""A receiver that is away, slow or refuses costs the bot nothing but its traces, and the log one line."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.config import TracingSettings
from bot.secret_files import SecretFile
from bot.spans import export
from bot.spans.export import MAX_SPANS_HELD, MAX_SPANS_SENT, exporting
from tests.bot.spans.receiver import Receiver
from tests.waiting import until

pytestmark = pytest.mark.process  # the official exporter waits for a real clock before it asks again


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SEND_EVERY_S", 0.1), ("SEND_WITHIN_S", 0.5), ("LAST_WITHIN_S", 0.5)):
        monkeypatch.setattr(export, name, value)


def span(sender: export.Exporting) -> None:
    sender.provider.get_tracer("test").start_span("leg").end()


@pytest.mark.usefixtures("hurried")
async def test_a_receiver_that_hangs_holds_up_neither_the_loop_nor_memory():
    """The receiver is in this loop: if the loop waited for an answer, there would never be one."""
    taken, answers = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await answers.wait()
        writer.close()

    with socket.create_server(("127.0.0.1", 0)) as listening, capture_logs() as logged:
        server = await asyncio.start_server(hang, sock=listening)
        sender = exporting(TracingSettings(endpoint=f"http://127.0.0.1:{listening.getsockname()[1]}/"))
        span(sender)
        await asyncio.wait_for(taken.wait(), 30)
        for _ in range(3 * MAX_SPANS_HELD):
            span(sender)
        batches: Any = sender.provider._active_span_processor._span_processors[0]
        assert len(batches._batch_processor._queue) <= MAX_SPANS_HELD
        await until(lambda: logged)
        await sender.aclose()
        answers.set()
        server.close()
    assert [line["event"] for line in logged] == ["traces_not_taken"]


@pytest.mark.usefixtures("hurried")
async def test_a_receiver_that_refuses_is_told_once_however_often_it_is_tried(receiver: Receiver):
    receiver.status = 401
    with capture_logs() as logged:
        sender = exporting(TracingSettings(endpoint=receiver.endpoint))
        for count in range(1, 4):
            span(sender)
            await until(lambda: receiver.requests >= count)  # noqa: B023
        await until(lambda: logged)
        assert [line["event"] for line in logged] == ["traces_not_taken"]
        assert "401" in logged[0]["error"]
        receiver.status = 200
        span(sender)
        await until(lambda: len(logged) == 2)
        await sender.aclose()
    assert [line["event"] for line in logged] == ["traces_not_taken", "traces_taken_again"]


@pytest.mark.usefixtures("hurried")
async def test_an_address_where_nobody_listens_is_one_line_too(caplog: pytest.LogCaptureFixture):
    with capture_logs() as logged:
        sender = exporting(TracingSettings(endpoint="http://127.0.0.1:1/v1/traces"))
        span(sender)
        await until(lambda: logged)
        await sender.aclose()
    assert [line["event"] for line in logged] == ["traces_not_taken"]
    assert caplog.records == [], "what the official packages log stays with them"
    assert not [each for each in threading.enumerate() if "OtelBatch" in each.name]


async def test_headers_go_along_and_batches_are_bounded(receiver: Receiver, tmp_path: Path):
    file = tmp_path / "tracing-headers"
    file.touch(mode=0o600)
    file.write_text("Authorization: Bearer t0k3n\n")
    settings = TracingSettings(endpoint=receiver.endpoint, headers=SecretFile(file=file))
    sender = exporting(settings)
    for _ in range(MAX_SPANS_SENT + 1):
        span(sender)
    await sender.aclose()
    assert len(receiver.spans) == MAX_SPANS_SENT + 1
    assert receiver.requests >= 2
    assert {each["Authorization"] for each in receiver.headers} == {"Bearer t0k3n"}


async def test_of_a_tenth_about_a_tenth_is_sent(receiver: Receiver):
    sender = exporting(TracingSettings(endpoint=receiver.endpoint, sample_ratio=0.1))
    for _ in range(1000):
        span(sender)
    await sender.aclose()
    assert 0 < len(receiver.spans) < 300
