"""Gossip between nodes: each says what time it believes it is, and peers judge it by that."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from lab.node.settings import NodeSettings, PeerSettings
from lab.node.tracing import TracingLog

Health = Literal["Healthy", "Suspect", "Failed"]
CONNECT_TIMEOUT_S = 1.0
RECONNECT_S = 0.3
QUORUM_LOG_INTERVAL_S = 5.0


@dataclass(frozen=True)
class Membership:
    """How many members this node holds in which health, itself included."""

    members: int
    healthy: int
    suspect: int
    failed: int


class Gossip:
    """Sends this node's clock to its peers, and holds peers failed whose clock is too far from its own.

    Neumann's limit for signed gossip is 60 s ahead or 300 s old; the lab's is a setting. Silence makes a
    peer suspect and then failed in the counts, but only the clock takes away its vote.

    Args:
        settings: Addresses and limits.
        log: Where Neumann's lines go.
        now_s: This node's wall clock, in seconds since the epoch.
    """

    def __init__(self, settings: NodeSettings, log: TracingLog, now_s: Callable[[], float]) -> None:
        self._settings = settings
        self._log = log
        self._now_s = now_s
        self._health: dict[str, Health] = {peer.name: "Healthy" for peer in settings.peers}
        self._heard = {peer.name: time.monotonic() for peer in settings.peers}
        self._clock_failed = frozenset[str]()
        self._quorum_logged = float("-inf")
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gossip")

    def start(self) -> None:
        """Begin to listen and to send."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait for the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def is_failed(self, peer: str) -> bool:
        """Return whether `peer` is held failed for its clock."""
        return peer in self._clock_failed

    def membership(self) -> Membership:
        """Return the counts at this moment."""
        held = list(self._health.values())
        suspect, failed = held.count("Suspect"), held.count("Failed")
        return Membership(len(held) + 1, len(held) + 1 - suspect - failed, suspect, failed)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._listen, *self._settings.gossip)
        tasks = [asyncio.ensure_future(self._send(peer)) for peer in self._settings.peers]
        tasks.append(asyncio.ensure_future(self._watch()))
        await self._stopping.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, peer: PeerSettings) -> None:
        while True:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    _, writer = await asyncio.open_connection(*peer.gossip)
                try:
                    while True:
                        message = {"node_id": self._settings.name, "wall_s": self._now_s()}
                        writer.write(json.dumps(message).encode() + b"\n")
                        await writer.drain()
                        await asyncio.sleep(self._settings.ping_interval_ms / 1000)
                finally:
                    writer.close()
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                message = json.loads(line)
                self._judge(message["node_id"], message["wall_s"])
        except (OSError, ValueError):
            pass  # a probe, or a peer that died in the middle of a line
        except asyncio.CancelledError:
            pass  # the node stops; asyncio's streams would print this as a fault
        finally:
            writer.close()

    def _judge(self, peer: str, wall_s: float) -> None:
        now_s = self._now_s()
        self._heard[peer] = time.monotonic()
        if abs(wall_s - now_s) * 1000 <= self._settings.skew_limit_ms:
            self._clock_failed -= {peer}
            self._set(peer, "Healthy")
            return
        self._clock_failed |= {peer}
        if self._health[peer] != "Failed":
            self._health[peer] = "Failed"
            stamp = int(now_s * 1000)
            self._log.event("WARN", "gossip", "Node marked as failed", node_id=peer, timestamp=stamp)

    async def _watch(self) -> None:
        while True:
            for peer, heard in self._heard.items():
                self._judge_silence(peer, (time.monotonic() - heard) * 1000)
            counts = self.membership()
            overdue = time.monotonic() - self._quorum_logged > QUORUM_LOG_INTERVAL_S
            if counts.healthy < self._settings.quorum and overdue:
                self._quorum_logged = time.monotonic()
                text = "QUORUM LOST - rejecting writes"
                self._log.event("ERROR", "membership", text, healthy=counts.healthy, total=counts.members)
            await asyncio.sleep(0.2)

    def _judge_silence(self, peer: str, silent_ms: float) -> None:
        limit_ms = self._settings.suspect_timeout_ms
        if silent_ms > 2 * limit_ms and self._health[peer] == "Suspect":
            self._health[peer] = "Failed"
            text = "Suspicion timeout, marking node as failed"
            self._log.event(
                "WARN",
                "gossip",
                text,
                node_id=peer,
                timeout_ms=limit_ms,
                elapsed_ms=int(silent_ms) - limit_ms,
            )
        elif silent_ms > limit_ms and self._health[peer] == "Healthy":
            self._health[peer] = "Suspect"
            self._log.event("DEBUG", "gossip", "Node suspected", node_id=peer)

    def _set(self, peer: str, health: Health) -> None:
        if (old := self._health[peer]) != health:
            self._health[peer] = health
            text = "Node health state changed"
            self._log.event("INFO", "membership", text, peer_id=peer, old_health=old, new_health=health)
