"""uvicorn with a deadline on the TLS handshake and on each request, and keys that may change meanwhile."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agent.server.gate import Gate, GateLimits


@dataclass(frozen=True)
class Deadlines:
    """How long a caller may take; uvicorn itself would wait for ever, asyncio a minute for a handshake."""

    # What a bot needs is milliseconds.
    handshake_s: float = 5.0
    request_s: float = 5.0


class DeadlineProtocol(HttpToolsProtocol):
    """One connection: each request, header and body, must be there in time.

    The time runs from the handshake for the first request, and from its first byte for a later one;
    between two the server's keep-alive holds.
    """

    _deadline: asyncio.TimerHandle | None = None
    owner: DeadlineServer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self._expect()
        if transport.get_extra_info("sslcontext") is not self.owner.context:
            # Its handshake was still judged by keys that have been exchanged since.
            transport.abort()

    def on_message_begin(self) -> None:
        """Begin the wait for the rest of a request."""
        super().on_message_begin()
        self._expect()

    def on_body(self, body: bytes) -> None:
        """Read on, unless the answer was given without the rest: a body that was refused as too large."""
        super().on_body(body)
        if self.cycle.response_complete:
            self.transport.close()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is here."""
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: nobody is there."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.owner.deadlines.request_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class DeadlineServer(uvicorn.Server):
    """Serves TLS on the sockets it is given, with what uvicorn has no setting for.

    That is bounds on handshakes, and a TLS context that can be exchanged while it serves.
    """

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext, deadlines: Deadlines) -> None:
        super().__init__(config)
        self.context = context
        self.deadlines = deadlines
        self.gates: list[Gate] = []
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

    def _protocol(self) -> DeadlineProtocol:
        protocol = DeadlineProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        protocol.owner = self
        return protocol
