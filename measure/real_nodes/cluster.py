"""Three booted Debians on one bridge: Neumann played by the lab's node as a unit with a user of its own.

Needs a network namespace of its own (`unshare --net --mount`), which takes the bridge with it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab.cluster.node_folder import CONFIG, LAB, LAB_LINK
from measure.real_nodes.container import Container, Ran

NAMES = ("node1", "node2", "node3")
HOSTS = {name: f"10.99.0.{number}" for number, name in enumerate(NAMES, start=1)}
BRIDGE, HERE = "neumann0", "10.99.0.254/24"
CONFIG_FILE = "/etc/neumann/config.toml"

UNIT = """\
[Unit]
Description=Neumann (the lab's node)
[Service]
User=neumann
WorkingDirectory=/opt/neumann
ExecStart=/usr/bin/python3 -m lab.node --folder /var/lib/neumann
[Install]
WantedBy=multi-user.target
"""
NETWORK = "[Match]\nName=host0\n[Network]\nAddress={host}/24\n"
MAKE_NEUMANN = f"""\
set -e
ln -sf {CONFIG_FILE} /var/lib/neumann/config.toml
ln -sf /var/log/neumann/tensor_chain.log /var/lib/neumann/tensor_chain.log
mkdir -p /var/lib/neumann/data
chown -R neumann:neumann /var/lib/neumann /var/log/neumann
systemctl enable --now true-time neumann
systemctl restart chrony
chronyc waitsync 30 0 0 1 >/dev/null
"""


@contextmanager
def three_nodes(root: Path, folder: Path) -> Iterator[dict[str, Container]]:
    """Boot the nodes, with Neumann running on each; by name."""
    for argv in (
        ("link", "set", "lo", "up"),
        ("link", "add", BRIDGE, "type", "bridge"),
        ("address", "add", HERE, "dev", BRIDGE),
        ("link", "set", BRIDGE, "up"),
    ):
        subprocess.run(("ip", *argv), check=True)
    with ExitStack() as parts:
        nodes = {name: parts.enter_context(_container(root, folder, name)) for name in NAMES}
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: asked(node, MAKE_NEUMANN), nodes.values()))
        yield nodes


def asked(node: Container, script: str, *, timeout_s: float = 120) -> Ran:
    """Run a script as root; one that fails ends everything.

    Raises:
        RuntimeError: With what it said.
    """
    ran = node.run(script, timeout_s=timeout_s)
    if ran.code:
        raise RuntimeError(f"{script}: {ran.code}: {ran.said}")
    return ran


def config_of(name: str) -> str:
    """Return Neumann's file for a node, with the documented timeouts."""
    return CONFIG.substitute(
        cluster="demo",
        name=name,
        folder="/var/lib/neumann",
        data="data",
        raft="0.0.0.0:7878",
        gossip="0.0.0.0:7879",
        metrics="0.0.0.0:9090",
        election_timeout_min_ms=150,
        election_timeout_max_ms=300,
        peers=", ".join(f'"{peer}:7878"' for peer in NAMES if peer != name),
    )


def _container(root: Path, folder: Path, name: str) -> Container:
    own = {"id": f"{name}:7878", "skew_limit_ms": 500, "metrics_shape": "state_label", "log_format": "text"}
    links = [
        LAB_LINK.substitute(
            peer=peer, target=f"{host}:7878", raft=f"{host}:7878", gossip=f"{host}:7879",
            ping=f"{host}:7777", ping_host=host,
        )
        for peer, host in HOSTS.items()
        if peer != name
    ]  # fmt: skip
    files = {
        "etc/hostname": f"{name}\n",
        "etc/hosts": "127.0.0.1 localhost\n" + "".join(f"{host} {peer}\n" for peer, host in HOSTS.items()),
        "etc/systemd/network/10-host0.network": NETWORK.format(host=HOSTS[name]),
        "etc/systemd/system/multi-user.target.d/network.conf": "[Unit]\nWants=systemd-networkd.service\n",
        "etc/systemd/system/neumann.service": UNIT,
        CONFIG_FILE: config_of(name),
        "var/lib/neumann/lab.toml": LAB.substitute(own, name=name, control="/nowhere") + "".join(links),
    }
    return Container(root, folder / name, network=f"--network-bridge={BRIDGE}", files=files)
