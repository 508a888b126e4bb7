"""A booted Debian, container or virtual machine: how one gets in, and what it is made of."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DISK_MIB = 2048


class Ran(NamedTuple):
    """How a command ended, and what it said on both streams."""

    code: int
    said: str


class Host(Protocol):
    """A booted Debian."""

    def run(self, script: str, *, user: str = "root", timeout_s: float = 120) -> Ran:
        """Run a script on the node, as root or as another user."""

    def shell(self) -> tuple[str, ...]:
        """Return what runs a program on the node, as root."""

    def put(self, file: Path, path: str) -> None:
        """Copy a file of this host onto the node."""


def lay_over(root: Path, folder: Path, files: Mapping[str, str], *, kernel: Path | None = None) -> Path:
    """Mount what is to be booted and return where: the root, a kernel's layer, and these files by path.

    Neither is written to; `folder/upper` takes it all, and has what was written there before.
    """
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lower = f"{kernel}:{root}" if kernel else str(root)
    layers = f"lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, folder / "root"], check=True)
    for path, text in files.items():
        write(folder / "root", path, text)
    return folder / "root"


def make_disk(disk: Path, holding: Path) -> None:
    """Make an ext4 in an image that holds what is mounted there, and unmount that."""
    try:
        with disk.open("wb") as image:
            image.truncate(DISK_MIB * 2**20)
        subprocess.run(("mke2fs", "-q", "-t", "ext4", "-d", holding, "-F", disk), check=True)
    finally:
        subprocess.run(("umount", holding), check=True)


def write(root: Path, path: str, text: str) -> None:
    """Write a file of a root."""
    (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    (root / path.lstrip("/")).write_text(text)


def ran(argv: tuple[str, ...], timeout_s: float) -> Ran:
    """Run a program of this host; return how it ended."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout)
