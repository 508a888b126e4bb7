"""The agent's Debian package of this checkout, and the same with a higher version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure.real_nodes.cluster import asked
from measure.real_nodes.document import REPOSITORY, documented
from measure.real_nodes.host import Host

INSTALL = "cd /root; " + documented("apt install ./neumann-agent")
AT = "/root/neumann-agent_all.deb"
PACKAGE, NEWER = "neumann-agent.deb", "neumann-agent-newer.deb"


def built_package(folder: Path) -> Path:
    """Return the package, built by `make dist` where the one that is kept is older than its sources."""
    kept = folder / PACKAGE
    sources = [REPOSITORY / "requirements-agent.txt", *(REPOSITORY / "agent").rglob("*.py")]
    sources += (REPOSITORY / "deploy").rglob("*")
    if not kept.exists() or kept.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        argv = ("make", "-C", str(REPOSITORY), "--silent", "dist")
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        shutil.copyfile(next((REPOSITORY / "dist").glob("neumann-agent_*.deb")), kept)
        _raise_version(kept, folder / NEWER)
    return kept


def install_on(nodes: Mapping[str, Host], package: Path) -> None:
    """Install the agent's package on each node."""
    for node in nodes.values():
        node.put(package, AT)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda node: asked(node, INSTALL), nodes.values()))


def _raise_version(package: Path, newer: Path) -> None:
    unpacked = newer.with_suffix(".unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    subprocess.run(("dpkg-deb", "--raw-extract", package, unpacked), check=True)
    control = unpacked / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+1", control.read_text(), flags=re.MULTILINE))
    argv = ("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", unpacked, newer)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(unpacked)
