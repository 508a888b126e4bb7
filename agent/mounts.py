"""What /proc/self/mountinfo (proc(5)) says of the file system behind a path."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
WRITES_NOTHING = frozenset({"ro", "emergency_ro", "shutdown"})
"""Options of a file system that takes no writes. Newer kernels (seen on Linux 6.18) leave an ext4 that found
an error `rw`, and show `emergency_ro` beside it or, once it was shut down, `shutdown` (fs/ext4/super.c)."""

_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


def is_read_only(path: Path) -> bool:
    """Return whether the file system itself takes no writes; False where /proc does not say.

    Not statvfs: its flag is that of this process' own mount, and in the agent's unit `ProtectSystem=strict`
    makes every mount read-only, however well Neumann may write there. Not access: it passes on an ext4 that
    found an error.
    """
    try:
        handle = os.open(path, os.O_PATH)
        try:
            told = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
        finally:
            os.close(handle)
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = _MOUNT_ID.search(told)
    return found is not None and is_mounted_read_only(mounts, found[1])


def is_mounted_read_only(mounts: str, mount_id: str) -> bool:
    """Return whether the file system behind a mount takes no writes."""
    lines = (line for line in mounts.split("\n") if line.split(" ", 1)[0] == mount_id)
    # The options of the mount come before " - ", those of its file system are the last field.
    return any(WRITES_NOTHING & set(line.rpartition(" ")[2].split(",")) for line in lines)


def is_mount_point(path: Path) -> bool:
    """Say whether something is mounted on the file itself, as container runtimes mount single files."""
    try:
        mounts = MOUNTS.read_text().split("\n")
    except OSError:
        return False
    return any(_mounted_at(line) == str(path.absolute()) for line in mounts)


def _mounted_at(line: str) -> str:
    fields = line.split(" ")
    # The kernel escapes space, tab, line feed and backslash as \ooo.
    return fields[4].encode().decode("unicode_escape") if len(fields) > 4 else ""
