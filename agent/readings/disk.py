"""Read how much room the file system of Neumann's log of record has, and whether tasks wait for disks."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import UNSET

from agent.errors import ReadingError
from agent.mounts import is_read_only
from agent.protocol import Disk

PRESSURE_FILE = Path("/proc/pressure/io")
FEW_INODES = 1_000
# The share of the last 10 s in which all non-idle tasks waited at once (Linux, accounting/psi.rst).
_FULL = re.compile(r"^full avg10=(\d+(?:\.\d+)?) ", re.MULTILINE)


def read_disk(data_dir: Path, *, pressure_file: Path = PRESSURE_FILE) -> Disk:
    """Read the free room, as an unprivileged process has it, and the pressure on the disks.

    Raises:
        ReadingError: If the folder is not there or cannot be reached.
    """
    try:
        room = os.statvfs(data_dir)
    except OSError as error:
        raise ReadingError(f"{data_dir} (data_dir) cannot be read: {error.strerror}.") from error
    few = room.f_files > 0 and room.f_favail < FEW_INODES  # a file system without inode tables counts none
    return Disk(
        path=str(data_dir),
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        io_stalled_percent=_stalled_percent(pressure_file),
        free_inodes=room.f_favail if few else UNSET,
        read_only=True if is_read_only(data_dir) else UNSET,
    )


def _stalled_percent(pressure_file: Path) -> float | None:
    try:
        found = _FULL.search(pressure_file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without it, or started with psi=0
        return None
    return float(found[1]) if found else None
