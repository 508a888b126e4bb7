"""Where everything in the lab listens: every address is decided here, and nowhere else."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

RAFT_PORT = 7878
GOSSIP_PORT = 7879
METRICS_PORT = 9090
AGENT_PORT = 7880
PING_PORT = 7777  # the echo service's own port 7 is reserved for root
FIRST_NETWORK, LAST_NETWORK = 77, 250
CLAIM_HOST = "127.{network}.0.254"


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `host:port`.

        Raises:
            ValueError: If there is no port.
        """
        host, _, port = text.rpartition(":")
        return cls(host, int(port))


@dataclass(frozen=True)
class NodeAddresses:
    """Where one node and its agent listen."""

    name: str
    raft: Address
    gossip: Address
    metrics: Address
    agent: Address


@dataclass(frozen=True)
class LinkAddresses:
    """Where `observer` dials `peer`: the near ends of the links of one ordered pair."""

    observer: str
    peer: str
    raft: Address
    gossip: Address
    ping: Address
    ping_host: str


@dataclass(frozen=True)
class Layout:
    """All addresses of one lab, and the socket that keeps them from being taken by another lab."""

    nodes: tuple[NodeAddresses, ...]
    links: Mapping[tuple[str, str], LinkAddresses]
    claim: socket.socket

    def node(self, name: str) -> NodeAddresses:
        """Return the addresses of the node of that name.

        Raises:
            KeyError: If there is no such node.
        """
        return {node.name: node for node in self.nodes}[name]

    def release(self) -> None:
        """Let another lab have these addresses."""
        self.claim.close()


def claim_layout(node_count: int) -> Layout:
    """Take a free loopback network, so that several labs run side by side.

    Args:
        node_count: How many nodes, 1 to 9.

    Raises:
        OSError: If addresses cannot be opened for another reason than that they are taken.
    """
    for network in range(FIRST_NETWORK, LAST_NETWORK + 1):
        try:
            layout = _documented_ports(network, node_count, claim_number(network))
            _check_free(layout)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return shifted_layout(node_count)  # macOS: only 127.0.0.1 exists
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return layout
    return shifted_layout(node_count)  # something holds a documented port on every address


def claim_number(number: int) -> socket.socket:
    """Take the number of a lab for as long as this process lives, or the socket is open.

    Raises:
        OSError: If another has it.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        claim.bind((CLAIM_HOST.format(network=number), RAFT_PORT))
    except OSError:
        claim.close()
        raise
    return claim


def direct_layout(subnet: str, node_count: int, claim: socket.socket) -> Layout:
    """Return one host per node in `subnet` (its first three numbers); links end at the peers themselves.

    Port 0 of a ping's end means that the host itself answers pings.
    """
    names = [f"node{number}" for number in range(1, node_count + 1)]
    nodes = {name: _node(name, f"{subnet}.{number}") for number, name in enumerate(names, start=1)}
    links = {
        (observer, peer): LinkAddresses(
            observer,
            peer,
            nodes[peer].raft,
            nodes[peer].gossip,
            Address(nodes[peer].raft.host, 0),
            nodes[peer].raft.host,
        )
        for observer, peer in _pairs(names)
    }
    return Layout(tuple(nodes.values()), links, claim)


def shifted_layout(node_count: int) -> Layout:
    """Return everything on 127.0.0.1 at free ports: for hosts that have no other loopback address."""
    names = [f"node{number}" for number in range(1, node_count + 1)]
    with ExitStack() as held:

        def free() -> Address:
            # All are held until the last is chosen, so that no port is given out twice.
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            return Address("127.0.0.1", probe.getsockname()[1])

        nodes = tuple(NodeAddresses(name, free(), free(), free(), free()) for name in names)
        links = {
            (observer, peer): LinkAddresses(observer, peer, free(), free(), free(), peer)
            for observer, peer in _pairs(names)
        }
    return Layout(nodes, links, socket.socket())


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    return ((observer, peer) for observer in names for peer in names if observer != peer)


def _documented_ports(network: int, node_count: int, claim: socket.socket) -> Layout:
    names = [f"node{number}" for number in range(1, node_count + 1)]
    nodes = [_node(name, f"127.{network}.0.{number}") for number, name in enumerate(names, start=1)]
    links = {}
    for observer, peer in _pairs(names):
        host = f"127.{network}.{names.index(observer) + 1}.{names.index(peer) + 1}"
        raft, gossip, ping = (Address(host, port) for port in (RAFT_PORT, GOSSIP_PORT, PING_PORT))
        links[observer, peer] = LinkAddresses(observer, peer, raft, gossip, ping, host)
    return Layout(tuple(nodes), links, claim)


def _node(name: str, host: str) -> NodeAddresses:
    ports = (RAFT_PORT, GOSSIP_PORT, METRICS_PORT, AGENT_PORT)
    return NodeAddresses(name, *(Address(host, port) for port in ports))


def _check_free(layout: Layout) -> None:
    # A node that outlived its lab would still hold its ports.
    try:
        for node in layout.nodes:
            for address in (node.raft, node.gossip, node.metrics, node.agent):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(address)
    except OSError:
        layout.release()
        raise
