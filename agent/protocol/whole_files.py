"""Files that belong together, such as a key and the settings that name it: written whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


@dataclass(frozen=True)
class NewFile:
    """What a file shall hold, and its mode if it is new; one that is there keeps mode and owner."""

    content: bytes
    mode: int = PUBLIC


def replace_all(files: Mapping[Path, NewFile]) -> None:
    """Put every file in its place once all of them are on the disk; links are followed.

    A new file gets the owner of its folder, as far as this process may give files away.

    Raises:
        OSError: If one cannot be written; then all are as they were.
    """
    with ExitStack() as leftovers:
        ready = []
        for named, new in files.items():
            path = named.resolve()
            temporary = _write_beside(path, new)
            leftovers.callback(temporary.unlink, missing_ok=True)
            ready.append((temporary, path))
        # The room is taken and the folders are writable: what is left is renaming.
        for temporary, path in ready:
            temporary.replace(path)
            _sync_folder(path.parent)


def _write_beside(path: Path, new: NewFile) -> Path:
    there = path.stat() if path.exists() else None
    owner = there or path.parent.stat()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  an open descriptor
            file.write(new.content)
            file.flush()
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
                os.fchown(handle, owner.st_uid, owner.st_gid)
            os.fchmod(handle, there.st_mode & 0o777 if there else new.mode)
            os.fsync(handle)
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
