"""A small file system in memory for each node's data, of which an agent reads the truth. Needs root.

The mounts are this process's and its children's alone, and go with them, however they end.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS = 0x00020000  # linux/sched.h
MS_REMOUNT, MS_REC, MS_PRIVATE = 32, 16384, 1 << 18  # linux/mount.h
MNT_DETACH = 2


def why_no_disks() -> str | None:
    """Return why this process cannot mount, in a sentence; `None` if it can."""
    if sys.platform != "linux":
        return "File systems in memory are mounted on Linux only."
    if os.geteuid() != 0:
        return "Mounting a file system needs root."
    try:
        _own_mounts()
    except OSError as error:
        return f"This root may not mount: {error.strerror}."
    return None


@contextmanager
def disk(folder: Path, size_mib: int) -> Iterator[None]:
    """Put an empty file system in memory on a folder, and at the end take it off with all that lies on it.

    Raises:
        OSError: If this process may not.
    """
    _own_mounts()
    _check(_libc().mount(b"tmpfs", bytes(folder), b"tmpfs", 0, f"size={size_mib}m".encode()))
    try:
        yield
    finally:
        _check(_libc().umount2(bytes(folder), MNT_DETACH))


def resize_disk(folder: Path, size_mib: int) -> None:
    """Give the file system on a folder another size; what lies on it stays.

    Raises:
        OSError: If more lies on it than that.
    """
    options = f"size={size_mib}m".encode()
    _check(_libc().mount(b"tmpfs", bytes(folder), b"tmpfs", MS_REMOUNT, options))


@functools.cache
def _own_mounts() -> None:
    """Mount from now on where no other process sees it."""
    _check(_libc().unshare(CLONE_NEWNS))
    _check(_libc().mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
