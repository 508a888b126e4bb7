"""Raft's connections: both sides greet, and every message is shown to the member."""

from __future__ import annotations

import functools
import time
from typing import Any, Protocol

from pysyncobj.node import TCPNode
from pysyncobj.tcp_connection import CONNECTION_STATE, TcpConnection
from pysyncobj.transport import TCPTransport

from lab.layout import Address
from lab.node.condition import Condition
from lab.node.tracing import TracingLog

CONNECT_TIMEOUT_S = 1.0

Message = dict[str, Any]


class Peer(TCPNode):  # type: ignore[misc]  # pysyncobj has no types
    """A peer under its documented name, dialled at this node's own link to it."""

    def __init__(self, id_: str, dial: Address) -> None:
        super().__init__(id_)
        self._dial = dial

    @property
    def ip(self) -> str:
        """Return where to dial."""
        return self._dial.host

    @property
    def port(self) -> int:
        """On which port."""
        return self._dial.port


class Member(Protocol):
    """Whom the transport asks, and whom it gives what has come."""

    log: TracingLog

    def condition(self) -> Condition:
        """Return the node's condition: what it fails at on demand."""

    def may_send(self, peer_id: str, message: Message) -> bool:
        """Note a message on its way out, and say whether it may go."""

    def receive(self, peer_id: str, message: Message, deliver: functools.partial[None]) -> None:
        """Deliver a message to Raft, or keep it back."""


class WatchedTransport(TCPTransport):  # type: ignore[misc]
    """Greets before it speaks Raft, lets the member withhold messages, and gives up on slow connects."""

    def __init__(self, member: Member, *args: Any) -> None:  # noqa: ANN401  # passed through untyped
        self._member = member
        self._greeted = set[TCPNode]()
        self._connecting_since: dict[TCPNode, float] = {}
        super().__init__(*args)

    def send(self, node: TCPNode, message: Message) -> bool:
        """Send to a peer that was greeted."""
        wanted = self._member.may_send(node.id, message)
        return wanted and node in self._greeted and bool(super().send(node, message))

    def _onMessageReceived(self, node: TCPNode, message: Message) -> None:  # noqa: N802
        self._member.receive(node.id, message, functools.partial(super()._onMessageReceived, node))

    def _onOutgoingConnected(self, conn: TcpConnection) -> None:  # noqa: N802
        conn.setOnMessageReceivedCallback(functools.partial(self._on_answer, conn))
        conn.send(self._greeting())

    def _on_answer(self, conn: TcpConnection, answer: Message) -> None:
        node = self._connToNode(conn)
        if answer["id"] != node.id:
            expected, got = _name(node.id), _name(answer["id"])
            text = f"handshake failed: peer ID mismatch: expected {expected}, got {got}"
            self._member.log.event("WARN", "tcp::transport", f"Broadcast to {expected} failed: {text}")
            conn.disconnect()
            return
        conn.setOnMessageReceivedCallback(functools.partial(self._onMessageReceived, node))
        self._greeted.add(node)
        self._onNodeConnected(node)

    def _onIncomingMessageReceived(self, conn: TcpConnection, greeting: Message) -> None:  # noqa: N802
        why = self._tls_failure(greeting)
        if why is not None:
            text = f"Failed to handle incoming connection from {_name(greeting['id'])}"
            self._member.log.event(
                "WARN", "tcp::transport", f"{text}: TLS error: TLS handshake failed: {why}"
            )
            self._unknownConnections.discard(conn)
            conn.disconnect()
            return
        conn.send(self._greeting())
        super()._onIncomingMessageReceived(conn, greeting["id"])
        self._greeted |= {node for node, each in self._connections.items() if each is conn}

    def _onDisconnected(self, conn: TcpConnection) -> None:  # noqa: N802
        self._greeted.discard(self._connToNode(conn))
        super()._onDisconnected(conn)

    def _connectIfNecessarySingle(self, node: TCPNode) -> bool:  # noqa: N802
        # The kernel would go on for two minutes with ever longer pauses, and a healed link be missed.
        connection = self._connections.get(node)
        if connection is None or connection.state != CONNECTION_STATE.CONNECTING:
            self._connecting_since.pop(node, None)
        elif time.monotonic() - self._connecting_since.setdefault(node, time.monotonic()) > CONNECT_TIMEOUT_S:
            self._connecting_since.pop(node)
            connection.disconnect()
        return bool(super()._connectIfNecessarySingle(node))

    def _greeting(self) -> Message:
        return {"id": self._selfNode.id, "certificate_expired": self._member.condition().certificate_expired}

    def _tls_failure(self, greeting: Message) -> str | None:
        """Return why TLS fails: both ends check the other's certificate, and who is refused is told."""
        if greeting["certificate_expired"]:
            return "invalid peer certificate: Expired"
        if self._member.condition().certificate_expired:
            return "received fatal alert: CertificateExpired"
        return None


def _name(id_: str) -> str:
    return id_.rpartition(":")[0]
