"""A line for the journal bears its priority, so that `journalctl -p err` finds errors."""

from __future__ import annotations

import logging

import pytest

from agent.service_manager import JournalFormatter


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
