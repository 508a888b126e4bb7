"""A container with an init of its own, booted on an overlay of the root: each begins as it was made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from measure.real_nodes.host import PATH, Ran, lay_over, make_disk, ran, write

BOOT_S = 60.0
ASKED_TO_REBOOT = 133
"""systemd-nspawn's exit code where the init reboots, since `--keep-unit` leaves starting anew to others."""
GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
"""Where control groups of version 2 are mounted, with version 1 beside them or alone."""
IN_GROUP = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"')
"""Each container has a group of its own: else `cgroup.kill` of one node's unit ends it on all."""

ONE_HIERARCHY = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
"""systemd 257 boots on control groups of version 2 alone, whatever this host mounts beside them."""


class Container:
    """A booted Debian, in a network of its own and without the right to set the host's clock.

    Args:
        root: What it is booted on; it is not written to.
        folder: Where it writes instead.
        network: nspawn's argument for its network.
        files: What it shall find beside the root, by path.
        kernel: What lies over the root besides, where it is to become a machine.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        *,
        network: str = "--private-network",
        files: Mapping[str, str] = {},
        kernel: Path | None = None,
    ) -> None:
        self._root, self._folder = root, folder
        self._network, self._files, self._kernel = network, files, kernel
        self._at = folder / "root"
        self._disk = folder / "disk"
        self._group = (
            next(at for at in GROUPS if (at / "cgroup.procs").exists()) / f"neumann-{uuid.uuid4().hex}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Container:
        shutil.rmtree(self._folder, ignore_errors=True)
        lay_over(self._root, self._folder, self._files, kernel=self._kernel)
        self._group.mkdir()
        self.boot()
        return self

    def boot(self) -> None:
        """Start its init, and wait until that has booted.

        Raises:
            RuntimeError: If it does not.
        """
        with (self._folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [*IN_GROUP, self._group, "systemd-nspawn", "--quiet", "--boot", "--register=no",
                 "--keep-unit", self._network, "--drop-capability=CAP_SYS_TIME",
                 f"--machine={self._folder.name}", "-D", self._at],
                env={**os.environ, **ONE_HIERARCHY}, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True,
            )  # fmt: skip
        if not self._has_booted():
            self.stop()
            raise RuntimeError(f"The container did not boot; see {self._folder}/console.")

    def _has_booted(self) -> bool:
        """Wait until the init says so; return whether it did."""
        assert self._process is not None
        until = time.monotonic() + BOOT_S
        while self.run("systemctl is-system-running").said.strip() not in ("running", "degraded"):
            if time.monotonic() > until or self._process.poll() is not None:
                return False
            time.sleep(0.2)
        return True

    def reboot(self, how: str) -> None:
        """Reboot it by this command, under another boot id; wait until it has booted."""
        assert self._process is not None
        self.run(how)
        if (code := self._process.wait(BOOT_S)) != ASKED_TO_REBOOT:
            raise RuntimeError(f"The container ended with {code}; see {self._folder}/console.")
        self.boot()

    def is_up(self) -> bool:
        """Return whether it has power."""
        return self._process is not None and self._process.poll() is None

    def cut_power(self) -> None:
        """End everything in it at once; what it wrote is kept."""
        assert self._process is not None
        os.kill(int(self._init), signal.SIGKILL)  # nspawn's own end would leave its init alive
        self._process.wait(BOOT_S)

    def move_to_disk(self) -> None:
        """Shut it down, and boot what it holds from an ext4 of its own, whose errors make it read-only."""
        self._end()
        make_disk(self._disk, self._at)
        self._mount_disk()
        self.boot()

    def fail_disk(self) -> None:
        """Have the kernel find an error on that disk: from now on nothing is written to it."""
        subprocess.run(("mount", "-o", "remount,abort", self._at), check=True)

    def repair_disk(self) -> None:
        """Shut it down, check that disk as an administrator would, and boot from it again."""
        self._end()
        subprocess.run(("umount", self._at), check=True)
        # A copy: other containers, which began later, may still hold what the kernel thinks of the former.
        repaired = self._disk.with_name("repaired")
        subprocess.run(("cp", "--sparse=always", self._disk, repaired), check=True)
        repaired.rename(self._disk)
        subprocess.run(("e2fsck", "-p", "-f", self._disk), check=False, stdout=subprocess.DEVNULL)
        self._mount_disk()
        self.boot()

    def _mount_disk(self) -> None:
        subprocess.run(("mount", "-o", "loop,errors=remount-ro", self._disk, self._at), check=True)

    def __exit__(self, *_what: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Shut it down, and take its mounts away; what it wrote stays in its folder."""
        if self._process is None:
            return
        self._end()
        subprocess.run(["umount", self._at], check=False)
        self._disk.unlink(missing_ok=True)
        for group, _, _ in os.walk(self._group, topdown=False):
            with suppress(OSError):  # one that is not empty yet stays behind
                Path(group).rmdir()

    def _end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()
        self._process = None

    @property
    def _init(self) -> str:
        """Return the process id of the container's init: nspawn's only child."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return children.read_text().split()[0]

    def run(self, script: str, *, user: str = "root", timeout_s: float = 120) -> Ran:
        """Run a script on the node, as root or as another user."""
        try:
            inside = self.shell()
        except (OSError, IndexError):
            return Ran(255, "not booted yet")
        become = () if user == "root" else ("runuser", "-u", user, "--")
        return ran((*inside, *become, "bash", "-c", script), timeout_s)

    def shell(self) -> tuple[str, ...]:
        """Return what runs a program on the node, as root; only until it boots again.

        Raises:
            OSError, IndexError: Where there is no init yet.
        """
        # Who enters so has every right of this host's root; that to set its clock is left outside.
        limited = ("setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time")
        inside = (*limited, "nsenter", "-t", self._init, "-m", "-u", "-i", "-n", "-p", "-C", "--")
        return (*inside, "env", "-i", PATH, "LC_ALL=C")

    def from_outside(self, argv: tuple[str, ...], *, timeout_s: float = 200) -> Ran:
        """Run a program of this host in the node's network."""
        return ran(("nsenter", "-t", self._init, "-n", "--", *argv), timeout_s)

    def put(self, file: Path, path: str) -> None:
        """Copy a file of this host onto the node."""
        shutil.copyfile(file, self._at / path.lstrip("/"))

    def write(self, path: str, text: str) -> None:
        """Write a file of the node."""
        write(self._at, path, text)
