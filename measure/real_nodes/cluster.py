"""Three booted Debians on one bridge: Neumann played by the lab's node as a unit with a user of its own.

Needs a network namespace of its own (`unshare --net --mount`), which takes the bridge with it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.cluster.node_folder import CONFIG, LAB, LAB_LINK
from measure.real_nodes.container import Container
from measure.real_nodes.host import Host, Ran
from measure.real_nodes.machine import Machine, with_kernel
from measure.real_nodes.node import KEPT
from measure.real_nodes.root import CHRONY_CONFIG, TRUE_TIME_CONFIG

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
ExecStart=/usr/bin/python3 {program} --folder /var/lib/neumann
[Install]
WantedBy=multi-user.target
"""
NETWORK = "[Match]\nName=host0 eth0\n[Network]\nAddress={host}/24\n"
MAKE_NEUMANN = f"""\
set -e
cp {CONFIG_FILE} {KEPT}
ln -sf {CONFIG_FILE} /var/lib/neumann/config.toml
ln -sf /var/log/neumann/tensor_chain.log /var/lib/neumann/tensor_chain.log
mkdir -p /var/lib/neumann/data
chown -R neumann:neumann /var/lib/neumann /var/log/neumann
systemctl enable --now true-time neumann
systemctl restart chrony
chronyc waitsync 30 0 0 1 >/dev/null
"""
SERVED_TO_ALL = TRUE_TIME_CONFIG.replace("bindaddress 127.0.0.1", "allow 10.99.0.0/24")
OWN_CLOCK = {
    # Without `makestep`, so that chronyd slews whatever it finds, as on a node that has run for long.
    "etc/chrony/chrony.conf": CHRONY_CONFIG.replace("127.0.0.1", HOSTS["node1"]),
    "etc/systemd/system/chrony.service.d/container.conf": "",
}
"""What a machine has otherwise than a container: its clock is its own, and follows that of node1's host."""


@dataclass(frozen=True)
class Pace:
    """How fast Neumann goes: an emulated processor has a tenth of the speed, or less."""

    program: str
    heartbeat_ms: int
    timeouts_ms: tuple[int, int]


DOCUMENTED = Pace("-m lab.node", 50, (150, 300))
EMULATED = Pace(
    "-c 'from lab.node import __main__ as node; node.TICK_S = 0.05; node.main()'", 250, (1500, 3000)
)


@contextmanager
def three_nodes(root: Path, folder: Path, machines: Collection[str] = ()) -> Iterator[dict[str, Host]]:
    """Boot the nodes, some of which may become machines, with Neumann running on each; by name."""
    for argv in (
        ("link", "set", "lo", "up"),
        ("link", "add", BRIDGE, "type", "bridge"),
        ("address", "add", HERE, "dev", BRIDGE),
        ("link", "set", BRIDGE, "up"),
    ):
        subprocess.run(("ip", *argv), check=True)
    pace = EMULATED if machines else DOCUMENTED
    kernel = with_kernel(root, folder) if machines else None
    network = f"--network-bridge={BRIDGE}"
    with ExitStack() as parts:
        nodes: dict[str, Host] = {}
        for name in NAMES:
            own = Container(root, folder / name, network=network, files=_files(name, pace), kernel=kernel)
            nodes[name] = parts.enter_context(own)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: asked(node, MAKE_NEUMANN), nodes.values()))
        yield nodes


@contextmanager
def as_machines(nodes: dict[str, Host], root: Path, folder: Path, names: Collection[str]) -> Iterator[None]:
    """Shut some nodes down, and boot what they hold as virtual machines, which are slow to set up."""
    kernel = with_kernel(root, folder) if names else root

    def boot(name: str) -> None:
        container = nodes[name]
        assert isinstance(container, Container)
        container.stop()
        own = Machine(root, kernel, folder / name, address=HOSTS[name], bridge=BRIDGE, files=OWN_CLOCK)
        nodes[name] = parts.enter_context(own)

    with ExitStack() as parts, ThreadPoolExecutor() as pool:
        list(pool.map(boot, names))
        yield


def asked(node: Host, script: str, *, timeout_s: float = 120) -> Ran:
    """Run a script as root; one that fails ends everything.

    Raises:
        RuntimeError: With what it said.
    """
    ran = node.run(script, timeout_s=timeout_s)
    if ran.code:
        raise RuntimeError(f"{script}: {ran.code}: {ran.said}")
    return ran


def _config(name: str, pace: Pace) -> str:
    text = CONFIG.substitute(
        cluster="demo",
        name=name,
        folder="/var/lib/neumann",
        data="data",
        raft="0.0.0.0:7878",
        gossip="0.0.0.0:7879",
        metrics="0.0.0.0:9090",
        election_timeout_min_ms=pace.timeouts_ms[0],
        election_timeout_max_ms=pace.timeouts_ms[1],
        peers=", ".join(f'"{peer}:7878"' for peer in NAMES if peer != name),
    )
    return text.replace("heartbeat_interval_ms = 50", f"heartbeat_interval_ms = {pace.heartbeat_ms}")


def _files(name: str, pace: Pace) -> dict[str, str]:
    own = {"id": f"{name}:7878", "skew_limit_ms": 500, "metrics_shape": "state_label", "log_format": "text"}
    links = [
        LAB_LINK.substitute(
            peer=peer, target=f"{host}:7878", raft=f"{host}:7878", gossip=f"{host}:7879",
            ping=f"{host}:7777", ping_host=host,
        )
        for peer, host in HOSTS.items()
        if peer != name
    ]  # fmt: skip
    return {
        "etc/hostname": f"{name}\n",
        "etc/hosts": "127.0.0.1 localhost\n" + "".join(f"{host} {peer}\n" for peer, host in HOSTS.items()),
        "etc/systemd/network/10-host0.network": NETWORK.format(host=HOSTS[name]),
        "etc/systemd/system/multi-user.target.d/network.conf": "[Unit]\nWants=systemd-networkd.service\n",
        "etc/systemd/system/neumann.service": UNIT.format(program=pace.program),
        CONFIG_FILE: _config(name, pace),
        "etc/true-time.conf": SERVED_TO_ALL,
        "var/lib/neumann/lab.toml": LAB.substitute(own, name=name, control="/nowhere") + "".join(links),
    }
