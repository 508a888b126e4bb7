"""What is asked of a node's process: its memory, its transactions and their deadlocks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from lab.node.condition import ConditionFile
from lab.node.exporter import MEMORY_LIMIT_BYTES

STATM = Path("/proc/self/statm")
PAGE_BYTES = 4096


class Strain:
    """Figures that follow from a node's condition, and are the process's own while that is sound."""

    def __init__(self, condition: ConditionFile) -> None:
        self._condition = condition
        self._deadlocks = 0.0
        self._counted_at_s = time.monotonic()
        self._counting = threading.Lock()  # each scrape has a thread of its own

    def memory_bytes(self) -> int:
        """Return what the process takes, or what its condition has it say."""
        if share := self._condition.now().memory_share:
            return int(share * MEMORY_LIMIT_BYTES)
        return int(STATM.read_text().split()[1]) * PAGE_BYTES if STATM.exists() else 0

    def transactions_active(self) -> int:
        """Return how many transactions run."""
        return self._condition.now().transactions

    def deadlocks_total(self) -> int:
        """Return the deadlocks so far, counted on by how long it was since somebody asked."""
        with self._counting:
            now_s = time.monotonic()
            self._deadlocks += self._condition.now().deadlocks_per_s * (now_s - self._counted_at_s)
            self._counted_at_s = now_s
            return int(self._deadlocks)
