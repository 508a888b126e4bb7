"""What dials and pings find between the nodes of such a world, by physics of TCP and ICMP."""

from __future__ import annotations

from random import Random
from typing import Any

from lab.second_model.world import World

Document = dict[str, Any]


def connects(world: World, draw: Random, name: str) -> list[Document]:
    """Return how each dial of a node ends: two per peer."""
    found = []
    for peer in world.names:
        for port in ("raft", "gossip"):
            if peer != name:
                result = _connect(world, draw, name, peer, port)
                # SYN and SYN-ACK are one round trip (RFC 9293, 3.5).
                took_ms = world.links[name, peer].rtt_ms if result == "open" else None
                found.append({"peer": peer, "port": port, "result": result, "latency_ms": took_ms})
    return found


def _connect(world: World, draw: Random, name: str, peer: str, port: str) -> str:
    link, back = world.links[name, peer], world.links[peer, name]
    way: str = getattr(link, port)
    there = world.members[peer]
    if way != "open" or not world.members[name].resolves:
        return way if world.members[name].resolves else "dns"
    unanswered = back.raft == "timeout" and port == "raft" and not back.by_port
    if there.process == "off" or unanswered:
        return "timeout"  # of a link cut both ways, the answer to the SYN is dropped on its way back
    if there.process in ("stopped", "replaying", "crashing"):
        return "refused"
    if there.process == "hung":
        # The kernel accepts until the queue of a process that accepts nothing is full.
        return "timeout" if there.since_s > 600 else "open"
    # A lost SYN is sent again after a second, which is the agent's deadline: each loss is a timeout.
    lost = draw.random() < 1 - (1 - link.loss) * (1 - back.loss)
    return "timeout" if lost or draw.random() < world.members[name].starved else "open"


def pings(world: World, draw: Random, name: str) -> list[Document]:
    """Return how many of twenty small pings come back of each peer."""
    found = []
    for peer in world.names:
        if peer == name:
            continue
        link, back = world.links[name, peer], world.links[peer, name]
        received = (
            sum(draw.random() > link.loss and draw.random() > back.loss for _ in range(20))
            if passes_icmp(world, name, peer)
            else 0
        )
        rtt = link.rtt_ms if received else None
        found.append(
            {
                "peer": peer,
                "sent": 20,
                "received": received,
                "rtt_min_ms": rtt,
                "rtt_avg_ms": rtt,
                "rtt_max_ms": rtt,
            }
        )
    return found


def passes_icmp(world: World, name: str, peer: str) -> bool:
    """Return whether pings and their answers get through: rules by port let them, a lost route does not."""
    ways = (world.links[name, peer], world.links[peer, name])
    is_cut = any(way.raft == "dns" or (way.raft == "timeout" and not way.by_port) for way in ways)
    return not is_cut and world.members[peer].process != "off" and world.members[name].resolves
