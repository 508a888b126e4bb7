"""Which boot this is and how long ago it was: the only time that actions are judged by."""

from __future__ import annotations

import time
import uuid
from functools import cache
from pathlib import Path

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Return the kernel's id of this boot.

    Where there is none (not Linux) each agent process counts as a boot of its own, so that a restart of
    the agent voids what was prepared before it: it fails closed.
    """
    try:
        return _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def boottime_s() -> float:
    """Return seconds since the boot, suspended time included; no step of the wall clock moves it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
