"""A line for the journal bears its priority, so that `journalctl -p err` finds errors."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest

from shared.service_manager import JournalFormatter, feed_watchdog


@pytest.mark.parametrize(("level", "priority"), [("ERROR", 3), ("WARNING", 4), ("INFO", 6), ("CRITICAL", 3)])
def test_a_line_for_the_journal_bears_its_priority(
    monkeypatch: pytest.MonkeyPatch, level: str, priority: int
):
    record = logging.makeLogRecord(
        {"levelname": level, "levelno": getattr(logging, level), "msg": "one\ntwo"}
    )
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    assert JournalFormatter("%(message)s").format(record) == f"<{priority}>one\n<{priority}>two"
    monkeypatch.delenv("JOURNAL_STREAM")
    assert JournalFormatter("%(message)s").format(record) == "one\ntwo"


async def test_the_watchdog_is_fed_while_all_is_well_and_not_a_time_more(monkeypatch: pytest.MonkeyPatch):
    asked = iter((True, True, False, False))
    monkeypatch.setenv("NOTIFY_SOCKET", "@neumann-test-watchdog")
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind("\0neumann-test-watchdog")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.create_task(feed_watchdog(lambda: next(asked)))
        assert [manager.recv(100), manager.recv(100)] == [b"WATCHDOG=1"] * 2
        with pytest.raises(BlockingIOError):
            manager.recv(100)
