"""A container with an init of its own, booted on an overlay of the root: each begins as it was made."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

BOOT_S = 60.0
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Ran(NamedTuple):
    """How a command ended, and what it said on both streams."""

    code: int
    said: str


class Container:
    """A booted Debian, in a network of its own and without the right to set the host's clock.

    Args:
        root: What it is booted on; it is not written to.
        folder: Where it writes instead.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._at = folder / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Container:
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("upper", "work", "root"):
            (self._folder / name).mkdir(parents=True)
        layers = f"lowerdir={self._root},upperdir={self._folder}/upper,workdir={self._folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self._at], check=True)
        with (self._folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                 "--drop-capability=CAP_SYS_TIME", "--machine=node1", "-D", self._at],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + BOOT_S
        while self.run("systemctl is-system-running").said.strip() not in ("running", "degraded"):
            if time.monotonic() > until or self._process.poll() is not None:
                self.__exit__()
                raise RuntimeError(f"The container did not boot; see {self._folder}/console.")
            time.sleep(0.2)
        return self

    def __exit__(self, *_what: object) -> None:
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            self._process.kill()
            self._process.wait()
        subprocess.run(["umount", self._at], check=False)

    @property
    def _init(self) -> str:
        """Return the process id of the container's init: nspawn's only child."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return children.read_text().split()[0]

    def run(self, script: str, *, user: str = "root", timeout_s: float = 120) -> Ran:
        """Run a script on the node, as root or as another user."""
        try:
            inside = ("nsenter", "-t", self._init, "-m", "-u", "-i", "-n", "-p", "-C", "--")
        except (OSError, IndexError):
            return Ran(255, "not booted yet")
        become = () if user == "root" else ("runuser", "-u", user, "--")
        argv = (*inside, "env", "-i", PATH, "LC_ALL=C", *become, "bash", "-c", script)
        return _run(argv, timeout_s)

    def from_outside(self, argv: tuple[str, ...], *, timeout_s: float = 200) -> Ran:
        """Run a program of this host in the node's network."""
        return _run(("nsenter", "-t", self._init, "-n", "--", *argv), timeout_s)

    def write(self, path: str, text: str) -> None:
        """Write a file of the node."""
        (self._at / path.lstrip("/")).write_text(text)


def _run(argv: tuple[str, ...], timeout_s: float) -> Ran:
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout)
