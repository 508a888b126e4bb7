"""A Debian root with what a Neumann host has, made once and kept: systemd, polkit, chrony, the agent."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from measure.real_nodes.document import REPOSITORY, documented

PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "polkitd", "chrony", "iproute2", "iputils-ping", "python3",
    "python3-venv", "procps", "openssl", "ca-certificates",
)  # fmt: skip
NEEDED = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
"""Programs of this host, and the Debian packages that they are in."""

NEUMANN_UNIT = """\
[Unit]
Description=Neumann (a stand-in)
[Service]
User=neumann
ExecStart=/usr/bin/python3 /opt/neumann/neumann_stand_in.py /etc/neumann/config.toml
"""
NEUMANN_CONFIG = """\
[node]
id = "node1"
[raft]
election_timeout_min_ms = 150
election_timeout_max_ms = 300
"""
TRUE_TIME = """\
[Unit]
Description=What is true time here: a chronyd that serves this host's clock
[Service]
ExecStart=/usr/sbin/chronyd -x -d -f /etc/true-time.conf
[Install]
WantedBy=multi-user.target
"""
TRUE_TIME_CONFIG = """\
port 11123
bindaddress 127.0.0.1
allow 127.0.0.1
local stratum 8
cmdport 0
bindcmdaddress /
pidfile /run/true-time.pid
"""
CHRONY_CONFIG = """\
server 127.0.0.1 port 11123 iburst minpoll 2 maxpoll 2
driftfile /var/lib/chrony/chrony.drift
rtcsync
"""
NO_CLOCK_OF_ITS_OWN = """\
# A container may not set the host's clock: chronyd reads and does not correct.
[Unit]
ConditionCapability=
[Service]
User=root
ExecStart=
ExecStart=/usr/sbin/chronyd -x -F 1
"""


def missing_programs(needed: Mapping[str, str] = NEEDED) -> list[str]:
    """Return one sentence for each thing that this host lacks."""
    lacks = [] if os.geteuid() == 0 else ["Run it as root: containers and mounts need that."]
    for program, package in needed.items():
        if shutil.which(program) is None:
            lacks.append(f"{program} is not installed: apt-get install {package}")
    return lacks


def make_root(
    folder: Path, suite: str, packages: tuple[str, ...] = PACKAGES, lock: str = "requirements-agent.txt"
) -> Path:
    """Return the root of a bare Debian of this suite, made if it is not there, with this checkout."""
    root = folder / suite
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        tar = folder / f"{suite}.tar"
        wanted = f"--include={','.join(packages)}"
        _run("mmdebstrap", "--mode=root", "--variant=minbase", wanted, suite, str(tar))
        _run("tar", "-C", str(root), "-xf", str(tar))
        tar.unlink()
        (root / "made").touch()
    _put_neumann(root)
    _install(root, lock)
    return root


def _put_neumann(root: Path) -> None:
    """Install the stand-in for Neumann, and true time, as an administrator would have them."""
    files = {
        "opt/neumann/neumann_stand_in.py": Path(__file__).with_name("neumann_stand_in.py").read_text(),
        "etc/systemd/system/neumann.service": NEUMANN_UNIT,
        "etc/neumann/config.toml": NEUMANN_CONFIG,
        "etc/systemd/system/true-time.service": TRUE_TIME,
        "etc/true-time.conf": TRUE_TIME_CONFIG,
        "etc/chrony/chrony.conf": CHRONY_CONFIG,
        "etc/systemd/system/chrony.service.d/container.conf": NO_CLOCK_OF_ITS_OWN,
        "var/log/neumann/tensor_chain.log": "",
        "var/lib/neumann/.keep": "",
        "etc/hostname": "node1\n",
        "etc/hosts": "127.0.0.1 localhost node1 node2 node3\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for package in ("lab", "pysyncobj", "prometheus_client"):  # plain Python, whichever the node's own is
        where = importlib.util.find_spec(package)
        assert where and where.origin
        copied = root / "opt/neumann" / package
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(Path(where.origin).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
    if "neumann:" not in (root / "etc/passwd").read_text():
        _run("chroot", str(root), "useradd", "--system", "--no-create-home", "neumann")


def _install(root: Path, lock: str) -> None:
    """Install the checkout as docs/install.md does in its first step, from wheels that this host fetched."""
    wheels, source = root / "wheels", root / "src"
    version = "".join(filter(str.isdigit, next(root.glob("usr/bin/python3.*")).name))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download", "-d", str(wheels))
    tags = ("--python-version", f"{version[0]}.{version[1:]}", "--abi", f"cp{version}", "--abi", "abi3")
    locked = ("--require-hashes", "--only-binary", ":all:", "--implementation", "cp", "--abi", "none")
    if not wheels.exists():
        # Without its conditions: pip holds those against this host's Python, which may be a later one.
        whole = root / "tmp" / lock
        whole.write_text(re.sub(r" ; [^\\\n]*", " ", (REPOSITORY / lock).read_text()))
        _run(*pip, *locked, *tags, "--no-deps", "-r", str(whole))
    listed = ("git", "-C", str(REPOSITORY), "ls-files", "-co", "--exclude-standard", "-z")
    files = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    if (installed := root / "installed").exists() and installed.read_text() == _digest(files):
        return
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    _copy(files, source)
    steps = documented("--no-build-isolation").replace(" requirements.txt", f" {lock}")
    offline = (
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "PIP_NO_INDEX=1",
        "PIP_FIND_LINKS=/wheels",
        "PIP_QUIET=1",
    )
    _run(
        "chroot",
        str(root),
        "/usr/bin/env",
        "-i",
        *offline,
        "sh",
        "-ec",
        f"rm -rf /opt/neumann-bot; cd /src\n{steps}",
    )
    installed.write_text(_digest(files))


def _digest(names: list[str]) -> str:
    """Return what tells whether this checkout is installed already."""
    files = [REPOSITORY / name for name in sorted(names) if name and (REPOSITORY / name).is_file()]
    return hashlib.sha256(b"\0".join(str(file).encode() + file.read_bytes() for file in files)).hexdigest()


def _copy(names: list[str], to: Path) -> None:
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, to / name)


def _run(*argv: str) -> None:
    subprocess.run(argv, stdin=subprocess.DEVNULL, check=True)
