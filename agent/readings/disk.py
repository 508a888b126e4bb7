"""Read how much room the file system of Neumann's log of record has, and whether tasks wait for disks."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Disk

PRESSURE_FILE = Path("/proc/pressure/io")
FEW_INODES = 1_000
# The share of the last 10 s in which all non-idle tasks waited at once (Linux, accounting/psi.rst).
_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)
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
        read_only=True if _is_read_only(data_dir) else UNSET,
    )


def _is_read_only(folder: Path) -> bool:
    """Return whether the file system itself takes no writes; False where /proc does not say.

    Not statvfs: its flag is that of this process' own mount, and in the agent's unit `ProtectSystem=strict`
    makes every mount read-only, however well Neumann may write there.
    """
    try:
        handle = os.open(folder, os.O_PATH)
        try:
            told = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
        finally:
            os.close(handle)
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = _MOUNT_ID.search(told)
    return found is not None and is_mounted_read_only(mounts, found[1])


def is_mounted_read_only(mounts: str, mount_id: str) -> bool:
    """Return whether the file system behind a mount is read-only, by /proc/self/mountinfo (proc(5))."""
    lines = (line for line in mounts.split("\n") if line.split(" ", 1)[0] == mount_id)
    # The options of the mount come before " - ", those of its file system are the last field.
    return any(line.rpartition(" ")[2].split(",")[0] == "ro" for line in lines)


def _stalled_percent(pressure_file: Path) -> float | None:
    try:
        found = _FULL.search(pressure_file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without it, or started with psi=0
        return None
    return float(found[1]) if found else None
