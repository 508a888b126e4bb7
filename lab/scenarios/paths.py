"""What a node sees of its peers: TCP connects to their ports, and pings."""

from __future__ import annotations

from random import Random
from typing import Any

from lab.scenarios.world import Link, Mode, Port, World

Document = dict[str, Any]
PINGS = 20
# The kernel repeats a lost SYN after one second; the agent waits two.
SYN_AGAIN_MS, SYN_TRIES = 1000.0, 2
TCP_PORTS: tuple[Port, ...] = ("raft", "gossip")
_RESULTS: dict[Mode, str] = {
    "drop": "timeout",
    "reject": "refused",
    "unreachable": "unreachable",
    "open": "open",
}


def connects(world: World, name: str) -> list[Document]:
    """Return the outcome of one connect to each port of each peer."""
    return [_connect(world, name, peer, port) for peer in world.names if peer != name for port in TCP_PORTS]


def pings(world: World, name: str) -> list[Document]:
    """Draw twenty pings to each peer; its host answers where Neumann does not."""
    return [_ping(world, name, peer) for peer in world.names if peer != name]


def _connect(world: World, name: str, peer: str, port: Port) -> Document:
    draw, node, link = world.random, world.nodes[peer], world.links[name, peer, port]
    latency_ms: float | None = None
    result = _RESULTS[link.mode]
    if link.mode in {"open", "reject"} and not node.host_up:
        result = "timeout"  # it is the host's own firewall that rejects
    elif link.mode == "open" and not node.listens:
        result = "refused"
    elif link.mode == "open":
        lost = next((tries for tries in range(SYN_TRIES) if draw.random() > link.loss), None)
        result = "timeout" if lost is None else "open"
        latency_ms = None if lost is None else round(lost * SYN_AGAIN_MS + _round_trip_ms(draw, link), 3)
    return {"peer": peer, "port": port, "result": result, "latency_ms": latency_ms}


def _ping(world: World, name: str, peer: str) -> Document:
    draw, link, back = world.random, world.links[name, peer, "ping"], world.links[peer, name, "ping"]
    received = 0
    if link.mode == back.mode == "open" and world.nodes[peer].host_up:
        received = sum(draw.random() > link.loss for _ in range(PINGS))
    trips = sorted(_round_trip_ms(draw, link) for _ in range(received))
    return {
        "peer": peer,
        "sent": PINGS,
        "received": received,
        "rtt_min_ms": round(trips[0], 3) if trips else None,
        "rtt_avg_ms": round(sum(trips) / received, 3) if trips else None,
        "rtt_max_ms": round(trips[-1], 3) if trips else None,
    }


def _round_trip_ms(draw: Random, link: Link) -> float:
    return max(0.05, draw.gauss(link.rtt_ms, link.jitter_ms))
