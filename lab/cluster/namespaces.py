"""A network namespace for every node, and cuts that are packet filters: needs root, iproute2 and nftables.

All hang on one bridge, on which the machine itself stands too: it reaches every node, as an observer would.
What a lab that was killed has left behind is removed when the next one starts.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from lab.cluster.network import PORTS, Port
from lab.cluster.splice import Mode
from lab.layout import (
    FIRST_NETWORK,
    GOSSIP_PORT,
    LAST_NETWORK,
    RAFT_PORT,
    Layout,
    claim_number,
    direct_layout,
)

SUBNET = "10.213.{number}"
NAME = "nl{number}"
"""What everything of one lab begins with; an interface's name has at most 15 characters."""

_FILTERED = {
    "raft": f"tcp dport {RAFT_PORT}",
    "gossip": f"tcp dport {GOSSIP_PORT}",
    "ping": "icmp type echo-request",
}
_TABLE = """\
table inet lab
delete table inet lab
table inet lab {{
  chain input {{
    type filter hook input priority filter
    {rules}
  }}
}}
"""


def why_no_namespaces() -> str | None:
    """Return why this process cannot use network namespaces, in a sentence; `None` if it can."""
    if sys.platform != "linux":
        return "Network namespaces are Linux's."
    if os.geteuid() != 0:
        return "Network namespaces need root."
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not found: install iproute2 and nftables."
    probe = f"nl-probe-{os.getpid()}"
    try:
        _run("ip", "netns", "add", probe)
        try:
            _run("ip", "netns", "exec", probe, "nft", "-f", "-", said=_TABLE.format(rules=""))
        finally:
            _run("ip", "netns", "del", probe)
    except OSError as error:
        return f"This root may not: {error}"
    return None


def claim_namespaces(node_count: int) -> Layout:
    """Take a free number, and with it a subnet.

    Raises:
        OSError: If there is none.
    """
    for number in range(FIRST_NETWORK, LAST_NETWORK + 1):
        if claim := _try_claim(number):
            return direct_layout(SUBNET.format(number=number), node_count, claim)
    raise OSError(errno.EADDRINUSE, "every network of the lab is taken")


class NamespaceNetwork:
    """Every link of one lab, between hosts of their own. All start open.

    Args:
        layout: From `claim_namespaces`.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._number = int(layout.nodes[0].raft.host.split(".")[2])
        self._modes: dict[tuple[str, str, Port], Mode] = {}
        self._loss = 0.0

    def enter(self, node: str) -> tuple[str, ...]:
        """Return the prefix that makes a command run on a node's host."""
        return ("ip", "netns", "exec", self._namespace(node))

    async def start(self) -> None:
        """Make the hosts and the bridge.

        Raises:
            OSError: If that is not allowed; the message is what `ip` said.
        """
        self._make()  # not in a thread: what `ip netns` mounts is seen by threads of the same mounts only

    async def stop(self) -> None:
        """Take it all away, with whatever still runs in it left without a network."""
        _remove(self._number)

    def set_mode(
        self, mode: Mode, pairs: Iterable[tuple[str, str]] | None = None, ports: Iterable[Port] = PORTS
    ) -> None:
        """Open, drop or refuse what the first of each pair sends to the second (all pairs by default).

        On all ports, everything is dropped; on some, what is addressed to them: answers still come through.
        """
        ports = tuple(ports)
        pairs = tuple(self._layout.links if pairs is None else pairs)
        self._modes.update({(*pair, port): mode for pair in pairs for port in ports})
        self._filter({receiver for _, receiver in pairs})

    def set_delay(self, delay_ms: float, jitter_ms: float = 0.0, ports: Iterable[Port] = PORTS) -> None:
        """Do nothing for no delay; a delay cannot be played here.

        Raises:
            OSError: If a delay is asked for: it would take netem, which many kernels lack.
        """
        if delay_ms or jitter_ms:
            raise OSError(errno.EOPNOTSUPP, "links between namespaces cannot be slowed; use proxies")

    def set_loss(self, loss: float) -> None:
        """Lose this share of all packets between nodes, each way."""
        self._loss = loss
        self._filter({node.name for node in self._layout.nodes})

    def set_host_up(self, node: str, *, up: bool) -> None:
        """Pull a host's only cable, or plug it in again."""
        _run("ip", "link", "set", self._cable(node), "up" if up else "down")

    def set_target_up(self, node: str, *, up: bool) -> None:
        """Do nothing: the hosts' own kernels refuse where no process listens."""

    def _make(self) -> None:
        for number in _left_behind() | {self._number}:
            if number == self._number:
                _remove(number)
            elif claim := _try_claim(number):  # its owner is dead
                _remove(number)
                claim.close()
        bridge, subnet = f"{NAME.format(number=self._number)}b", SUBNET.format(number=self._number)
        _run("ip", "link", "add", bridge, "type", "bridge")
        _run("ip", "addr", "add", f"{subnet}.254/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        for node in self._layout.nodes:
            namespace, cable = self._namespace(node.name), self._cable(node.name)
            _run("ip", "netns", "add", namespace)
            other = ("peer", "name", "eth0", "netns", namespace)
            _run("ip", "link", "add", cable, "type", "veth", *other)
            _run("ip", "link", "set", cable, "master", bridge, "up")
            inside = f"addr add {node.raft.host}/24 dev eth0\nlink set eth0 up\nlink set lo up\n"
            _run("ip", "-n", namespace, "-batch", "-", said=inside)
            everybody = "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"  # may send pings
            _run(*self.enter(node.name), "sh", "-c", everybody)

    def _filter(self, receivers: Iterable[str]) -> None:
        for receiver in receivers:
            rules = "\n    ".join(self._rules(receiver))
            _run(*self.enter(receiver), "nft", "-f", "-", said=_TABLE.format(rules=rules))

    def _rules(self, receiver: str) -> list[str]:
        rules = []
        for sender in self._layout.nodes:
            modes = {port: self._modes.get((sender.name, receiver, port), "open") for port in PORTS}
            source = f"ip saddr {sender.raft.host}"
            if set(modes.values()) == {"drop"}:
                rules.append(f"{source} drop")
                continue
            verdicts = {"drop": "drop", "refuse": "reject with tcp reset"}
            for port, mode in modes.items():
                if mode != "open":
                    rules.append(f"{source} {_FILTERED[port]} {'drop' if port == 'ping' else verdicts[mode]}")
            if self._loss:
                rules.append(f"{source} iifname eth0 numgen random mod 1000 < {self._loss * 1000:.0f} drop")
        return rules

    def _namespace(self, node: str) -> str:
        return f"{NAME.format(number=self._number)}-{node}"

    def _cable(self, node: str) -> str:
        return f"{NAME.format(number=self._number)}-{node.removeprefix('node')}"


def _try_claim(number: int) -> socket.socket | None:
    try:
        return claim_number(number)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None


def _left_behind() -> set[int]:
    pattern = re.compile(r"^nl(\d+)(?:b|-)", re.MULTILINE)
    bridges = re.sub(r"^\d+: ", "", _run("ip", "-o", "link"), flags=re.MULTILINE)
    return {int(number) for number in pattern.findall(bridges + _run("ip", "netns", "list"))}


def _remove(number: int) -> None:
    name = NAME.format(number=number)
    for namespace in re.findall(rf"^{name}-\S+", _run("ip", "netns", "list"), flags=re.MULTILINE):
        _run("ip", "netns", "del", namespace)  # and with it its cable
    for link in re.findall(rf"^\d+: ({name}(?:b|-\d+))[@:]", _run("ip", "-o", "link"), flags=re.MULTILINE):
        with suppress(OSError):  # a cable goes with its namespace, only a moment later
            _run("ip", "link", "del", link)


def _run(*argv: str, said: str = "") -> str:
    ended = subprocess.run(argv, input=said, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise OSError(f"{' '.join(argv)}: {ended.stderr.strip()}")
    return ended.stdout
