"""Files that belong together, such as a key and the settings that name it: written whole, or not at all."""

from __future__ import annotations

import errno
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
            temporary = _write_new(path, new)
            leftovers.callback(temporary.unlink, missing_ok=True)
            ready.append((temporary, path))
        # The room is taken and the folders are writable: what is left is renaming.
        for temporary, path in ready:
            temporary.replace(path)
            sync_folder(path.parent)


def write_beside(
    path: Path,
    content: bytes,
    *,
    mode: int,
    owner: tuple[int, int] | None = None,
    attributes_of: Path | None = None,
) -> Path:
    """Write a temporary file into the folder of a path, for it to be renamed to that path.

    Args:
        path: What is to be replaced.
        content: What the file shall hold; it is on the disk when this returns.
        mode: Its permission bits.
        owner: Its user and group; this process' own where it is left out.
        attributes_of: A file whose extended attributes it gets: access lists and security labels among them.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  an open descriptor
            os.fchmod(handle, mode)
            if owner and owner != (os.geteuid(), os.getegid()):
                os.fchown(handle, *owner)
            if attributes_of:
                _copy_attributes(attributes_of, handle)
            file.write(content)
            file.flush()
            os.fsync(handle)
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def _copy_attributes(path: Path, handle: int) -> None:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return
        raise
    for name in names:
        value = os.getxattr(path, name, follow_symlinks=False)
        if name not in os.listxattr(handle) or os.getxattr(handle, name) != value:
            os.setxattr(handle, name, value)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, so that a rename in it outlasts a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_new(path: Path, new: NewFile) -> Path:
    there = path.stat() if path.exists() else None
    owner = there or path.parent.stat()
    may_give_away = os.geteuid() == 0
    return write_beside(
        path,
        new.content,
        mode=there.st_mode & 0o777 if there else new.mode,
        owner=(owner.st_uid, owner.st_gid) if may_give_away else None,
    )
