"""Show a change of the configuration file exactly as it would be written, and say whether it can be made."""

from __future__ import annotations

import difflib
import errno
import fcntl
import hashlib
import os
import struct
from pathlib import Path

from agent.errors import ConfigFileError
from agent.mounts import is_mount_point, is_read_only
from agent.neumann_config.edit import read_config_bytes, with_election_timeouts
from agent.protocol import PlannedEdit
from shared.sanitize import plain

MAX_SHOWN_LINES = 64
MAX_LINE_CHARS = 300
# linux/fs.h; the standard library has no names for these.
_FS_IOC_GETFLAGS = 0x80086601
_FS_IMMUTABLE, _FS_APPEND_ONLY = 0x10, 0x20
# Bounds that hold for every heartbeat below 10 s: what is tried is whether the file can be edited at all.
_PROBE_MIN_MS, _PROBE_MAX_MS = 30_000, 60_000


def planned_edit(path: Path | str, before: bytes, after: bytes) -> PlannedEdit:
    """Return the lines that differ, and the hash of the file as it would be.

    Raises:
        ConfigFileError: If nothing would change, or more or longer lines than a person can be shown.
    """
    changed = [
        line
        for line in difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    longest = max((len(line.replace("\t", "    ")) for line in changed), default=0)
    if longest > MAX_LINE_CHARS:
        raise ConfigFileError(f"A line of {longest} characters would change, more than can be shown.")
    lines = tuple(plain(line, limit=MAX_LINE_CHARS, keep_spaces=True) for line in changed)
    if not lines:
        raise ConfigFileError("The file is already as it would be.")
    if len(lines) > MAX_SHOWN_LINES:
        raise ConfigFileError(f"The edit would change {len(lines)} lines, more than can be shown.")
    return PlannedEdit(
        path=str(path),
        before_sha256=hashlib.sha256(before).hexdigest(),
        after_sha256=hashlib.sha256(after).hexdigest(),
        lines=lines,
    )


def why_not_editable(path: Path) -> str | None:
    """Say why the election timeouts in this file cannot be changed, whatever their values; None if they can.

    It tries what `replace_config` will need without writing: a regular file that is no link, no mount point
    and not immutable, a folder that may be written to, and a `[raft]` table in one of the documented forms.
    """
    try:
        raw = read_config_bytes(path).raw
        planned_edit(path, raw, with_election_timeouts(raw, min_ms=_PROBE_MIN_MS, max_ms=_PROBE_MAX_MS))
    except ConfigFileError as error:
        return str(error)
    if is_mount_point(path):
        return f"{path} is a mount point of its own, so it cannot be replaced."
    for place in (path, path.parent):
        if _is_locked(place):
            return f"{place} is immutable or append-only (lsattr), so the file cannot be replaced."
    return _why_not_writable(path.parent)


def _why_not_writable(folder: Path) -> str | None:
    try:
        read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror}."
    if is_read_only(folder):
        return f"{folder} is on a file system that is read-only."
    if read_only or not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        return f"{folder} cannot be written to by the agent."
    return None


def _lines(raw: bytes) -> list[str]:
    # Not splitlines(), which also splits where TOML and a person see no end of a line.
    return raw.decode(errors="replace").split("\n")


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        answer = fcntl.ioctl(handle, _FS_IOC_GETFLAGS, struct.pack("l", 0))
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM):
            return False  # the file system has no such flags
        raise
    finally:
        os.close(handle)
    return bool(struct.unpack("l", answer)[0] & (_FS_IMMUTABLE | _FS_APPEND_ONLY))
