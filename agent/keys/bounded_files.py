"""Read files that people name: a file or a pipe, up to a bound."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MAX_NAMED_BYTES = 4 * 1024 * 1024
"""More than any configuration, key or list of certificates has."""


def read_bounded(path: Path, max_bytes: int = MAX_NAMED_BYTES) -> bytes:
    """Return what a file holds, or what comes out of a pipe until its end.

    Raises:
        OSError: If it cannot be read, is neither file nor pipe, or has more bytes; its `strerror` says which.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise OSError(errno.EINVAL, "it is neither a file nor a pipe", str(path))
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes} bytes", str(path))
    return content


def read_bounded_text(path: Path) -> str:
    """Return the same as UTF-8.

    Raises:
        OSError: As `read_bounded` does.
        UnicodeDecodeError: If it is none.
    """
    return read_bounded(path).decode()
