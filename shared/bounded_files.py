"""Read files that people name, up to a bound; what is no file could be waited for without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MAX_NAMED_BYTES = 4 * 1024 * 1024
"""More than any configuration, key or list of certificates has."""


def read_bounded(path: Path, max_bytes: int = MAX_NAMED_BYTES) -> bytes:
    """Return what a regular file holds.

    Raises:
        OSError: If it cannot be read, is no regular file, or has more bytes; its `strerror` says which.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes} bytes", str(path))
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody who writes, as a FIFO would."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_bounded_text(path: Path, max_bytes: int = MAX_NAMED_BYTES) -> str:
    """Return the same as UTF-8.

    Raises:
        OSError: As `read_bounded` does.
        UnicodeDecodeError: If it is none.
    """
    return read_bounded(path, max_bytes).decode()
