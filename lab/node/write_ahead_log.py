"""Whether Neumann's log of record takes a write: three tries, then none of the vote, term or entry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lab.node.condition import Condition
from lab.node.tracing import TracingLog

TRIES = 3
BACKOFF_MS = (100, 200)
NEEDS_FREE_BYTES = 100 * 1024 * 1024 + 41
"""100 MiB and what is to be written: below this Neumann refuses (raft_wal.rs)."""


class WriteAheadLog:
    """Says before each write whether it succeeds, and holds everything up meanwhile, as Neumann's does.

    Args:
        folder: Where the log of record lies: its file system's free room is what counts.
        log: Where Neumann's lines go.
        condition: What else may keep a write from succeeding.
    """

    def __init__(self, folder: Path, log: TracingLog, condition: Callable[[], Condition]) -> None:
        self._folder = folder
        self._log = log
        self._condition = condition

    def takes(self, purpose: str | None = None) -> bool:
        """Try a write, and log what Neumann logs of it.

        Args:
            purpose: What needs it, such as `vote grant`; none for an entry of the log.
        """
        failure = self._failure(1)
        for number, backoff_ms in enumerate(BACKOFF_MS, start=1):
            if failure is None:
                return True
            fields = {"attempt": number, "max_retries": TRIES, "backoff_ms": backoff_ms}
            self._log.event("WARN", "raft", "WAL persist failed, retrying", **fields)
            time.sleep(backoff_ms / 1000)
            failure = self._failure(number + 1)
        if failure is None:
            return True
        self._log.event("ERROR", "raft", f"WAL persist failed after {TRIES} attempts: {failure}")
        if purpose:
            self._log.event("ERROR", "raft", f"WAL persist failed during {purpose}: {failure}")
        return False

    def _failure(self, number: int) -> str | None:
        room = os.statvfs(self._folder)
        free_bytes = room.f_bavail * room.f_frsize
        if free_bytes < NEEDS_FREE_BYTES:
            return f"Disk space low: {free_bytes} bytes available, {NEEDS_FREE_BYTES} required"
        if number <= self._condition().wal_failures:
            return "I/O error: Connection timed out (os error 110)"  # as a disk beyond a network fails
        return None
