"""A node's virtual clock: the machine's time plus an error that lies in the node's folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

OFFSET_FILE = "clock_offset_ms"
REREAD_S = 0.05


class VirtualClock:
    """What a node believes the time to be. The machine's own clock is never touched.

    Args:
        folder: The node's folder; `clock_offset_ms` in it is how far this clock is ahead.
        machine_s: The machine's own clock, in seconds since the epoch.
    """

    def __init__(self, folder: Path, machine_s: Callable[[], float] = time.time) -> None:
        self._file = folder / OFFSET_FILE
        self._machine_s = machine_s
        self._offset_s = 0.0
        self._read_at = float("-inf")

    def now_s(self) -> float:
        """Return the seconds since the epoch, with this node's error."""
        if time.monotonic() - self._read_at > REREAD_S:
            self._offset_s = read_offset_ms(self._file.parent) / 1000
            self._read_at = time.monotonic()
        return self._machine_s() + self._offset_s


def read_offset_ms(folder: Path) -> float:
    """Return how far the clock of the node in `folder` is ahead, in milliseconds."""
    try:
        return float((folder / OFFSET_FILE).read_text())
    except (OSError, ValueError):
        return 0.0


def write_offset_ms(folder: Path, offset_ms: float) -> None:
    """Set how far the clock of the node in `folder` is ahead, in milliseconds."""
    fresh = folder / f"{OFFSET_FILE}.new"
    fresh.write_text(f"{offset_ms}\n")
    fresh.replace(folder / OFFSET_FILE)  # in one step: a reader never sees half a number
