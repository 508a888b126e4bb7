"""uvicorn with a deadline on the TLS handshake and on each request, and keys that may change meanwhile."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass

import uvicorn

from agent.server.gate import Gate, GateLimits
from shared.request_deadline import DeadlineProtocol

MAX_CONNECTIONS = 48
"""Connections that are through their handshake; a bot keeps a few, and each takes some 100 KiB.

It is less than `limit_concurrency`, beyond which uvicorn would answer 503 to whoever is new.
"""


@dataclass(frozen=True)
class Deadlines:
    """How long a caller may take; uvicorn itself would wait for ever, asyncio a minute for a handshake."""

    # What a bot needs is milliseconds.
    handshake_s: float = 5.0
    request_s: float = 5.0


class AgentProtocol(DeadlineProtocol):
    """One connection, whose caller was judged by the keys that are trusted now."""

    owner: DeadlineServer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request; beyond the bound the oldest connection ends."""
        super().connection_made(transport)
        self.owner.connected[self] = None
        if len(self.owner.connected) > MAX_CONNECTIONS:
            oldest = next(iter(self.owner.connected))
            del self.owner.connected[oldest]
            oldest.transport.abort()
        if transport.get_extra_info("sslcontext") is not self.owner.context:
            # Its handshake was still judged by keys that have been exchanged since.
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        self.owner.connected.pop(self, None)
        super().connection_lost(exc)


class DeadlineServer(uvicorn.Server):
    """Serves TLS on the sockets it is given, with what uvicorn has no setting for.

    That is bounds on handshakes, and a TLS context that can be exchanged while it serves.
    """

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext, deadlines: Deadlines) -> None:
        super().__init__(config)
        self.context = context
        self.deadlines = deadlines
        self.gates: list[Gate] = []
        self.connected: dict[AgentProtocol, None] = {}
        self.servers: list[asyncio.Server] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await self.lifespan.startup()
        self.gates = [self._listen(listener, self.context) for listener in sockets or ()]
        self.started = True

    async def exchange_context(self, context: ssl.SSLContext) -> None:
        """Judge every caller by another context from now on.

        Connections that are open are closed, each once its request is answered: who is trusted no more
        must not stay because he was there.
        """
        earlier = self.gates
        # A copy of each listening socket takes over, so nobody is turned away in between.
        copies = [listener.dup() for gate in earlier for listener in gate.sockets]
        self.context = context
        self.gates = [self._listen(copy, context) for copy in copies]
        for gate in earlier:
            gate.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, then end as uvicorn does."""
        for gate in self.gates:
            gate.close()
            await gate.wait_closed()
        await super().shutdown(sockets)

    def _listen(self, listener: socket.socket, context: ssl.SSLContext) -> Gate:
        return Gate(listener, context, self._protocol, GateLimits(handshake_s=self.deadlines.handshake_s))

    def _protocol(self) -> AgentProtocol:
        protocol = AgentProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        protocol.owner, protocol.request_s = self, self.deadlines.request_s
        return protocol
