"""The lab's network: for every ordered pair of nodes and every port one link to cut, slow or lose on."""

from __future__ import annotations

import asyncio
import functools
import random
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal, cast

from lab.cluster.splice import Mode, Path, Splice, Stream
from lab.layout import Address, Layout

Port = Literal["raft", "gossip", "ping"]
PORTS: tuple[Port, ...] = ("raft", "gossip", "ping")
BACKLOG = 100
OPEN_TIMEOUT_S = 5.0
RETRANSMIT_MS, RETRANSMIT_JITTER_MS = 200.0, 200.0


class TcpLink:
    """Where one node dials one port of a peer.

    It refuses while the peer's process is down, as the peer's host would; `drop` makes connects time out.

    Args:
        address: Where this link listens.
        target: Where the peer's process listens.
        path: What happens to bytes from the dialling node to the peer.
        back: The same for the bytes that come back.
    """

    def __init__(self, address: Address, target: Address, path: Path, back: Path) -> None:
        self.path = path
        self.back = back
        self.splices: set[Splice] = set()
        self._address = address
        self._target = target
        self._target_up = False
        self._listener: socket.socket | None = None
        self._black_hole: tuple[socket.socket, ...] = ()

    def set_target_up(self, *, up: bool) -> None:
        """Say whether the peer's process listens."""
        self._target_up = up
        self.apply()

    def apply(self) -> None:
        """Make the listener agree with the path's mode."""
        wanted = self.path.mode if self.path.mode == "drop" or self._target_up else "refuse"
        if wanted != "drop":
            for each in self._black_hole:
                each.close()
            self._black_hole = ()
        if wanted != "open" and self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        if wanted == "drop" and not self._black_hole:
            self._black_hole = _black_hole(self._address)
        if wanted == "open" and self._listener is None:
            self._listener = _listening(self._address, BACKLOG)
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def reset(self, *, only_damaged: bool) -> None:
        """Reset the connections through this link: all of them, or those that lost bytes."""
        for splice in self.splices:
            if splice.lost_bytes or not only_damaged:
                splice.abort()

    async def close(self) -> None:
        """Close the listener and every connection."""
        self.path.mode = "refuse"
        self.apply()
        opening = [splice.opening for splice in self.splices if splice.opening is not None]
        self.reset(only_damaged=False)
        await asyncio.gather(*opening, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
        except OSError:  # gone again, or no descriptor left
            return
        accepted.setblocking(False)
        near, far = Stream(self.path), Stream(self.back)
        splice = near.splice = far.splice = Splice(near, far)
        splice.opening = asyncio.get_running_loop().create_task(self._open(splice, accepted))
        self.splices = {each for each in self.splices if not each.closed} | {splice}

    async def _open(self, splice: Splice, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await loop.create_connection(lambda: splice.far, *self._target)
                await loop.connect_accepted_socket(lambda: splice.near, accepted)
            splice.near.resume()
            splice.far.resume()
        except TimeoutError:
            pass  # frozen, with a full backlog
        except OSError:
            # Dead before anybody said so: a proxy that goes on accepting would hide it.
            self.set_target_up(up=False)
        finally:
            splice.opening = None
            if splice.near.closed:
                accepted.close()
                splice.far.abort()


class PingLink(asyncio.DatagramProtocol):
    """Answers the lab's ping for a peer's host, which is up even where its Neumann is not."""

    def __init__(self, path: Path, back: Path) -> None:
        self.path = path
        self.back = back
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer after there and back, or lose it on either way."""
        ways = (self.path, self.back)
        if any(way.mode == "drop" or random.random() < way.loss for way in ways):  # noqa: S311
            return
        delay_s = sum(way.draw_delay_s() for way in ways)
        asyncio.get_running_loop().call_later(delay_s, self._answer, data, addr)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)


class Network:
    """Every link of one lab. All links start open; those to a process that is down refuse."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._paths = {(*pair, port): Path() for pair in layout.links for port in PORTS}
        self._tcp: dict[tuple[str, str, Port], TcpLink] = {}
        self._pings: list[PingLink] = []
        for (observer, peer), link in layout.links.items():
            target = layout.node(peer)
            ends: dict[Port, tuple[Address, Address]]
            ends = {"raft": (link.raft, target.raft), "gossip": (link.gossip, target.gossip)}
            for port, (address, to) in ends.items():
                self._tcp[observer, peer, port] = TcpLink(address, to, *self._ways(observer, peer, port))

    def path(self, observer: str, peer: str, port: Port) -> Path:
        """Return the link from `observer` to `peer`. Set delay, jitter and loss; the mode by `set_mode`."""
        return self._paths[observer, peer, port]

    async def start(self) -> None:
        """Open the sockets that answer pings."""
        loop = asyncio.get_running_loop()
        for (observer, peer), link in self._layout.links.items():
            ping = PingLink(*self._ways(observer, peer, "ping"))
            self._pings.append(ping)
            await loop.create_datagram_endpoint(functools.partial(_same, ping), local_addr=link.ping)

    async def stop(self) -> None:
        """Close every socket."""
        for ping in self._pings:
            ping.close()
        for link in self._tcp.values():
            await link.close()
        await asyncio.sleep(0)  # transports close their sockets in the loop's next round

    def set_mode(
        self, mode: Mode, pairs: Iterable[tuple[str, str]] | None = None, ports: Iterable[Port] = PORTS
    ) -> None:
        """Open, drop or refuse on ordered pairs (all of them by default) and ports."""
        ports = tuple(ports)
        for observer, peer in tuple(self._layout.links if pairs is None else pairs):
            for port in ports:
                path = self._paths[observer, peer, port]
                healed = path.mode == "drop" and mode != "drop"
                path.mode = mode
                if port == "ping":
                    continue
                link, reverse = self._tcp[observer, peer, port], self._tcp[peer, observer, port]
                link.apply()
                if mode == "refuse":
                    link.reset(only_damaged=False)
                elif healed and reverse.path.mode != "drop":
                    link.reset(only_damaged=True)
                    reverse.reset(only_damaged=True)

    def set_delay(self, delay_ms: float, jitter_ms: float = 0.0, ports: Iterable[Port] = PORTS) -> None:
        """Delay every one-way trip on these ports by `delay_ms` ± `jitter_ms`."""
        for port in ports:
            for pair in self._layout.links:
                path = self._paths[*pair, port]
                path.delay_ms, path.jitter_ms = delay_ms, jitter_ms

    def set_loss(self, loss: float) -> None:
        """Lose this share of pings each way, and hold up Raft's stream as TCP does for the same loss.

        TCP loses nothing but time: Linux sends again after 200 ms at the earliest, and what follows waits.
        """
        for pair in self._layout.links:
            self._paths[*pair, "ping"].loss = loss
        self.set_delay(*(RETRANSMIT_MS, RETRANSMIT_JITTER_MS) if loss else (0.0, 0.0), ports=("raft",))

    def enter(self, node: str) -> tuple[str, ...]:
        """Return the empty prefix: a node's commands run on this host."""
        return ()

    def set_target_up(self, node: str, *, up: bool) -> None:
        """Say whether the process of `node` listens, so that links to it accept or refuse."""
        for (_, peer, _), link in self._tcp.items():
            if peer == node:
                link.set_target_up(up=up)

    def _ways(self, observer: str, peer: str, port: Port) -> tuple[Path, Path]:
        return self._paths[observer, peer, port], self._paths[peer, observer, port]


def _same(ping: PingLink) -> PingLink:
    return ping


def _listening(address: Address, backlog: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    listener.bind(address)
    listener.listen(backlog)
    return listener


def _black_hole(address: Address) -> tuple[socket.socket, ...]:
    # A backlog of 0 has one place. Once it is taken the kernel drops every further SYN, as a DROP rule would.
    listener = _listening(address, 0)
    filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    filler.setblocking(False)
    with suppress(BlockingIOError):
        filler.connect(address)
    return listener, filler
