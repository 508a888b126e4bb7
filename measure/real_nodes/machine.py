"""A virtual machine made from a container: a kernel, and so a clock, of its own.

Emulated (TCG): nothing that needs the right virtualisation of this host. It is reached by ssh.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from measure.real_nodes.host import PATH, Ran, lay_over, make_disk, ran

NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs", "ssh": "openssh-client"}
"""Programs of this host, and the Debian packages that they are in."""

PACKAGES = ("linux-image-cloud-amd64", "initramfs-tools", "udev", "openssh-server")
BOOT_S = 600.0
MEMORY_MIB = 512
UNNEEDED = (
    "e2scrub_reap.service",
    "systemd-logind.service",
    "getty.target",
    "apt-daily.timer",
    "dpkg-db-backup.timer",
)
KERNEL = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off apparmor=0 quiet " + " ".join(
    f"systemd.mask={unit}" for unit in UNNEEDED
)
SSH = (
    "exec ssh -T -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    " -o LogLevel=ERROR -o ConnectTimeout=30 -o ServerAliveInterval=5"
    " -o ControlMaster=auto -o ControlPersist=yes -o ControlPath={folder}/ssh"
    ' -i {folder}/key root@{address} -- "${{*@Q}}"'
)
"""ssh joins its words with blanks for the other end's shell, so they are quoted first."""


def with_kernel(root: Path, folder: Path) -> Path:
    """Return what lies over the root in a machine: a kernel and sshd, installed once and kept."""
    layer = folder / f"{root.name}-machine"
    of_root = str((root / "made").stat().st_mtime_ns)
    if (made := layer / "made").exists() and made.read_text() == of_root:
        return layer / "upper"
    shutil.rmtree(layer, ignore_errors=True)
    at = lay_over(root, layer, {"etc/fstab": ""})
    script = (
        "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update;"
        f" apt-get -qq -y --no-install-recommends install {' '.join(PACKAGES)}; apt-get clean"
    )
    options = ("--quiet", "--register=no", "--keep-unit", "--pipe", "--resolv-conf=replace-host")
    null = subprocess.DEVNULL
    try:
        argv = ("systemd-nspawn", *options, f"--machine={layer.name}", "-D", str(at), "sh", "-ec", script)
        subprocess.run(argv, stdin=null, stdout=null, check=True)
    finally:
        subprocess.run(("umount", at), check=True)
    made.write_text(of_root)
    return layer / "upper"


class Machine:
    """A booted virtual machine, made of what a container that was shut down holds. What it writes is lost.

    Args:
        root: What the container was booted on, and `kernel` what lay over that; neither is written to.
        folder: The container's; the machine's disk is made there.
        address: Where it is reached, by a device on the `bridge` that is made for it.
        files: What it shall have otherwise than the container.
    """

    def __init__(
        self, root: Path, kernel: Path, folder: Path, *, address: str, bridge: str, files: Mapping[str, str]
    ) -> None:
        self._root, self._kernel, self._folder = root, kernel, folder
        self._address, self._bridge, self._files = address, bridge, files
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Machine:
        self._make_disk()
        for argv in (
            ("tuntap", "add", "dev", self._folder.name, "mode", "tap"),
            ("link", "set", self._folder.name, "master", self._bridge, "up"),
        ):
            subprocess.run(("ip", *argv), check=True)
        with (self._folder / "qemu").open("wb") as said:
            null = subprocess.DEVNULL
            self._process = subprocess.Popen(
                self._qemu(), stdin=null, stdout=said, stderr=said, start_new_session=True
            )
        if not self._has_booted():
            self.__exit__()
            raise RuntimeError(f"The machine did not boot; see {self._folder}/serial.")
        return self

    def _qemu(self) -> tuple[str, ...]:
        boot, number = self._kernel / "boot", int(self._address.rpartition(".")[2])
        return (
            "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max,svm=off,la57=off",
            "-m", str(MEMORY_MIB), "-display", "none", "-monitor", "none",
            "-serial", f"file:{self._folder}/serial",
            "-kernel", str(next(boot.glob("vmlinuz-*"))), "-initrd", str(next(boot.glob("initrd.img-*"))),
            "-append", KERNEL,
            "-drive", f"file={self._folder}/disk,format=raw,if=virtio,cache=unsafe",
            "-netdev", f"tap,id=bridge,ifname={self._folder.name},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=bridge,mac=52:54:00:99:00:{number:02x}",
        )  # fmt: skip

    def _make_disk(self) -> None:
        key, disk = self._folder / "key", self._folder / "disk"
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key), check=True)
        files = {**self._files, "root/.ssh/authorized_keys": key.with_suffix(".pub").read_text()}
        at = lay_over(self._root, self._folder, files, kernel=self._kernel)
        make_disk(disk, at)

    def _has_booted(self) -> bool:
        """Wait until the init says so; return whether it did."""
        assert self._process is not None
        until = time.monotonic() + BOOT_S
        while self.run("systemctl is-system-running").said.strip() not in ("running", "degraded"):
            if time.monotonic() > until or self._process.poll() is not None:
                return False
            time.sleep(5.0)
        return True

    def __exit__(self, *_what: object) -> None:
        hang_up = ("ssh", "-O", "exit", "-o", f"ControlPath={self._folder}/ssh", self._address)
        ran(hang_up, 10)
        if self._process is not None:
            self._process.kill()  # the disk is not kept
            self._process.wait()
        (self._folder / "disk").unlink(missing_ok=True)

    def run(self, script: str, *, user: str = "root", timeout_s: float = 120) -> Ran:
        """Run a script on the node, as root or as another user."""
        become = () if user == "root" else ("runuser", "-u", user, "--")
        return ran((*self.shell(), *become, "bash", "-c", script), timeout_s)

    def shell(self) -> tuple[str, ...]:
        """Return what runs a program on the node, as root."""
        ssh = SSH.format(folder=self._folder, address=self._address)
        return ("bash", "-c", ssh, "ssh", "env", "-i", PATH, "LC_ALL=C")

    def put(self, file: Path, path: str) -> None:
        """Copy a file of this host onto the node."""
        with file.open("rb") as content:
            subprocess.run((*self.shell(), "sh", "-c", f"cat >{path}"), stdin=content, check=True)

    def put_clock_off(self, by_s: float) -> None:
        """Set this machine's own clock off by so much; no other kind of host has one to set."""
        done = self.run(f"date -s '{by_s:+g} seconds'")
        if done.code:
            raise RuntimeError(done.said)
