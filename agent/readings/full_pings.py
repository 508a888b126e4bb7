"""Ping each peer with packets as large as TCP sends them, which no router may cut into smaller ones."""

from __future__ import annotations

import asyncio
import re
import socket

from msgspec import UNSET

from agent.errors import CommandError, ReadingError
from agent.protocol import FullPing
from agent.readings.probes import parse_ping
from agent.run_command import run
from agent.sanitize import plain
from agent.settings import Peer, Settings

USUAL_BYTES = 1_500
"""Ethernet's MTU, which is taken where the kernel does not say its own."""

MAX_BYTES = 9_000
"""Of jumbo frames: a loopback's MTU is larger than any network's."""

_MIN_BYTES = 576
_HEADERS_BYTES = {socket.AF_INET: 20 + 8, socket.AF_INET6: 40 + 8}  # of IP and of ICMP
# `IP_MTU` and `IPV6_MTU` of ip(7) and ipv6(7), which Python does not name.
_MTU_OPTION = {socket.AF_INET: (socket.IPPROTO_IP, 14), socket.AF_INET6: (socket.IPPROTO_IPV6, 24)}
# Three, and seldom enough for everybody: that a lossy link loses all of them is as good as ruled out.
_ARGUMENTS = ("-n", "-c", "3", "-i", "0.2", "-W", "1", "-M", "do")
# A router that cannot pass it on; this node's kernel, which knows that by now; a router of IPv6.
_TOLD = re.compile(
    r"(?:Frag needed and DF set \(mtu = |message too long, mtu[=:] ?|Packet too big: mtu[=:] ?)(\d{1,5})"
)


async def read_full_pings(settings: Settings) -> tuple[FullPing, ...]:
    """Ping every peer at once; a peer whose ping gave no figures is left out.

    Raises:
        ReadingError: If there are peers and none gave figures.
    """
    answers = await asyncio.gather(*(_ping(settings, peer) for peer in settings.peers))
    pings = tuple(answer for answer in answers if isinstance(answer, FullPing))
    if settings.peers and not pings:
        raise ReadingError(next(answer for answer in answers if isinstance(answer, str)))
    return pings


async def _ping(settings: Settings, peer: Peer) -> FullPing | str:
    packet_bytes, headers_bytes = await _packet_to(peer.ping)
    payload = ("-s", str(packet_bytes - headers_bytes))
    argv = [str(settings.commands.ping), *_ARGUMENTS, *payload, peer.ping]
    try:
        output = await run(argv, timeout_s=settings.deadlines.pings)
    except CommandError as error:
        return str(error)
    said = output.stdout + output.stderr
    if ping := parse_full_ping(peer.node, said, packet_bytes=packet_bytes):
        return ping
    return f"ping to {peer.node} printed no counts: {plain(said.strip(), limit=200) or 'it said nothing'}"


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


async def _packet_to(host: str) -> tuple[int, int]:
    """Return the largest IP packet that the kernel would send to a host, and how much of it are headers."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as route:
            # Nothing is sent: this asks the kernel for its route, with what it knows of the path already.
            route.connect((address[0], 9, *address[2:]))
            mtu_bytes = route.getsockopt(*_MTU_OPTION[socket.AddressFamily(family)])
        headers_bytes = _HEADERS_BYTES[socket.AddressFamily(family)]
    except (OSError, KeyError, UnicodeError):
        return USUAL_BYTES, _HEADERS_BYTES[socket.AF_INET]
    return max(min(mtu_bytes, MAX_BYTES), _MIN_BYTES), headers_bytes
