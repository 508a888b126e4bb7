"""Ping each peer with packets as large as TCP sends them, which no router may cut into smaller ones."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket

from msgspec import UNSET

from agent.errors import CommandError, ReadingError
from agent.protocol import FullPing
from agent.readings.probes import parse_ping
from agent.run_command import run
from agent.settings import Peer, Settings
from shared.sanitize import plain

USUAL_BYTES = 1_500
"""Ethernet's MTU, which is taken where the kernel does not say its own."""

MAX_BYTES = 9_000
"""Of jumbo frames: a loopback's MTU is larger than any network's."""

MAX_PINGED = 12
"""All peers of thirteen nodes: every other reading of a node's peers needs a process for each already."""

_MIN_BYTES = 576
_HEADERS_BYTES = {socket.AF_INET: 20 + 8, socket.AF_INET6: 40 + 8}  # of IP and of ICMP
_USUAL_SIZE = (USUAL_BYTES, _HEADERS_BYTES[socket.AF_INET])
# `IP_MTU` and `IPV6_MTU` of ip(7) and ipv6(7), which Python does not name.
_MTU_OPTION = {socket.AF_INET: (socket.IPPROTO_IP, 14), socket.AF_INET6: (socket.IPPROTO_IPV6, 24)}
_ANY_PORT = 9
_ADDRESS = re.compile(r"PING \S+?\s?\(([0-9A-Fa-f.:]+)\)")  # PING node2 (10.0.0.2) 1472(1500) bytes of data.
# Three, and seldom enough for everybody: that a lossy link loses all of them is as good as ruled out.
FULL_ARGUMENTS = ("-n", "-c", "3", "-i", "0.2", "-W", "1", "-M", "do")
# A router that cannot pass it on; this node's kernel, which knows that by now; a router of IPv6.
_TOLD = re.compile(
    r"(?:Frag needed and DF set \(mtu = |message too long, mtu[=:] ?|Packet too big: mtu[=:] ?)(\d{1,5})"
)


async def read_full_pings(settings: Settings) -> tuple[FullPing, ...]:
    """Ping the next peers in a ring of all names at once; one whose ping gave no figures is left out.

    In a large cluster each path is still tried from some of its nodes, and each node starts few processes.

    Raises:
        ReadingError: If there are peers and none gave figures.
    """
    ring = sorted(settings.peers, key=lambda peer: (peer.node < settings.node, peer.node))
    answers = await asyncio.gather(*(_ping(settings, peer) for peer in ring[:MAX_PINGED]))
    pings = tuple(answer for answer in answers if isinstance(answer, FullPing))
    if settings.peers and not pings:
        raise ReadingError(next(answer for answer in answers if isinstance(answer, str)))
    return pings


async def _ping(settings: Settings, peer: Peer) -> FullPing | str:
    size, said = _full_size(peer.ping), ""
    if size is None:
        # Only ping resolves names here: where DNS is away, that blocks no thread of this process.
        said = await _said(settings, peer, _USUAL_SIZE)
        found = _ADDRESS.match(said)
        size = (_full_size(found[1]) if found else None) or _USUAL_SIZE
    if not said or size != _USUAL_SIZE:
        said = await _said(settings, peer, size)
    if ping := parse_full_ping(peer.node, said, packet_bytes=size[0]):
        return ping
    return f"ping to {peer.node} printed no counts: {plain(said.strip(), limit=200) or 'it said nothing'}"


async def _said(settings: Settings, peer: Peer, size: tuple[int, int]) -> str:
    packet_bytes, headers_bytes = size
    payload = ("-s", str(packet_bytes - headers_bytes))
    argv = [str(settings.commands.ping), *FULL_ARGUMENTS, *payload, peer.ping]
    try:
        output = await run(argv, timeout_s=settings.deadlines.pings)
    except CommandError as error:
        return str(error)
    return output.stdout + output.stderr


def parse_full_ping(peer: str, printed: str, *, packet_bytes: int) -> FullPing | None:
    """Parse what ping of iputils printed on both of its outputs; `None` where there are no counts."""
    counts = parse_ping(peer, printed)
    if counts is None:
        return None
    told = _TOLD.search(printed)
    return FullPing(
        peer=peer,
        packet_bytes=packet_bytes,
        sent=counts.sent,
        received=counts.received,
        told_mtu_bytes=int(told[1]) if told else UNSET,
    )


def _full_size(host: str) -> tuple[int, int] | None:
    """Return the largest IP packet that the kernel sends to an address, and how much of it are headers.

    `None` of what is no address, or of one without a route.
    """
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as route:
            # Nothing is sent: this asks the kernel for its route, with what it knows of the path already.
            route.connect((host, _ANY_PORT))
            mtu_bytes = route.getsockopt(*_MTU_OPTION[family])
    except (OSError, ValueError):
        return None
    return max(min(mtu_bytes, MAX_BYTES), _MIN_BYTES), _HEADERS_BYTES[family]
