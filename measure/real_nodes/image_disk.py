"""An ext4 in an image of its own, whose power can be cut."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MIB = 16


class Disk:
    """An ext4 in an image, mounted on a folder; `cut` goes on with what its image held at that moment."""

    def __init__(self, folder: Path) -> None:
        self.at = folder / "disk"
        self._image, self._copies = folder / "image", 0
        self.at.mkdir()
        with self._image.open("wb") as image:
            image.truncate(MIB * 2**20)
        run("mke2fs", "-q", "-t", "ext4", "-F", str(self._image))
        self._mount()

    def _mount(self) -> None:
        # Nothing reaches the disk by the passing of time: what is there was synced.
        run("mount", "-o", "loop,data=ordered,commit=600", str(self._image), str(self.at))

    def copy(self) -> Path:
        """Copy the image as it is; nobody writes meanwhile, which a second copy shows."""
        self._copies += 1
        copies = [self._image.with_name(f"copy-{self._copies}-{number}") for number in (1, 2)]
        for copy in copies:
            shutil.copyfile(self._image, copy)
        if copies[0].read_bytes() != copies[1].read_bytes():
            raise AssertionError("The disk was written to while it was copied.")
        copies[1].unlink()
        return copies[0]

    def go_on_with(self, copy: Path) -> None:
        """Mount a copy in the place of the disk: the journal is replayed, and the rest is clean."""
        self.unmount()
        self._image.unlink()
        copy.rename(self._image)
        self._mount()
        self.unmount()
        run("e2fsck", "-f", "-n", str(self._image))
        self._mount()

    def unmount(self) -> None:
        """Take it away; what used it must have ended."""
        run("umount", str(self.at))


def run(*argv: str) -> None:
    """Run a program; one that fails raises RuntimeError with what it said."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stdout}{done.stderr}")
