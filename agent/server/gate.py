"""Accept connections and bring them through their TLS handshake, with bounds on those that are not through.

asyncio's own server begins TLS for whoever connects, which takes some 250 KiB before a byte has come: two
thousand silent connections would be more than the agent is allowed. Here one costs its socket until its
first byte is there; beyond the bounds the one that has waited longest is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class GateLimits:
    """How many connections may be unfinished, that is before the end of their handshake, and for how long.

    A handshake takes milliseconds, and one bot opens a few connections at once.
    """

    max_unfinished: int = 64
    max_unfinished_per_address: int = 8
    handshake_s: float = 5.0


class Gate:
    """One listening socket, in the shape of an `asyncio.Server` as far as uvicorn uses it.

    Args:
        listener: The listening socket; the gate closes it.
        context: The TLS context that callers are judged by.
        protocol: Makes the protocol of a connection whose handshake is done.
        limits: What is held at once.
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        protocol: Callable[[], asyncio.Protocol],
        limits: GateLimits,
    ) -> None:
        listener.setblocking(False)
        self.sockets = (listener,)
        self._context = context
        self._protocol = protocol
        self._limits = limits
        self._unfinished: dict[asyncio.Task[None], str] = {}
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Stop listening and drop whoever is not through; connections that are stay."""
        self._accepting.cancel()
        for task in self._unfinished:
            task.cancel()
        for listener in self.sockets:
            # Before its number is free: the loop lets go of it only once the cancelled task runs, and whoever
            # opens a socket until then is given the number.
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()

    async def wait_closed(self) -> None:
        """Wait until nothing of the gate runs any more."""
        await asyncio.gather(self._accepting, *self._unfinished, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        (listener,) = self.sockets
        while True:
            try:
                connection, address = await loop.sock_accept(listener)
            except OSError:
                await asyncio.sleep(0.1)  # no descriptor is free, or the caller is gone again
                continue
            self._make_room(str(address[0]))
            task = loop.create_task(self._let_in(connection))
            self._unfinished[task] = str(address[0])
            task.add_done_callback(lambda task: self._unfinished.pop(task, None))

    def _make_room(self, address: str) -> None:
        """Drop the oldest of this address, or of all, where one more would be too many."""
        if Counter(self._unfinished.values())[address] >= self._limits.max_unfinished_per_address:
            self._drop(next(task for task, theirs in self._unfinished.items() if theirs == address))
        elif len(self._unfinished) >= self._limits.max_unfinished:
            self._drop(next(iter(self._unfinished)))

    def _drop(self, task: asyncio.Task[None]) -> None:
        del self._unfinished[task]
        task.cancel()

    async def _let_in(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
            connection.setblocking(False)
            handed_over = False
            try:
                async with asyncio.timeout(self._limits.handshake_s):
                    await _first_byte(connection)
                    handed_over = True  # from here on the transport closes it
                    await loop.connect_accepted_socket(
                        self._protocol,
                        connection,
                        ssl=self._context,
                        ssl_handshake_timeout=self._limits.handshake_s,
                    )
            finally:
                if not handed_over:
                    connection.close()


async def _first_byte(connection: socket.socket) -> None:
    """Wait until there is something to read, and leave it there."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()

    def tell() -> None:
        loop.remove_reader(connection)
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(connection, tell)
    try:
        await readable
    finally:
        loop.remove_reader(connection)
