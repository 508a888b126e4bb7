"""Faults between the nodes: cuts, refusals, one-way cuts, loss."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from lab.cluster.cluster import Lab
from lab.cluster.network import Port
from lab.cluster.splice import Mode
from lab.faults import BREAK_S
from lab.live.scenario import Step

Pairs = Iterable[tuple[str, str]]

LOSS_ONE_WAY = 0.163
"""On both ways of a ping this loses 30 % of the round trips."""

BLIP_S = 2.0

UNSEAT_S = 4.0
"""The lab's leader notices after three seconds that it lost its majority."""


def cut(
    *blocks: Sequence[str], mode: Mode = "drop", ports: Iterable[Port] = ("raft", "gossip", "ping")
) -> Step:
    """Cut every link between different blocks, both ways."""
    return one_way(
        [(a, b) for here in blocks for there in blocks if here is not there for a in here for b in there],
        mode=mode,
        ports=ports,
    )


def one_way(pairs: Pairs, *, mode: Mode = "drop", ports: Iterable[Port] = ("raft", "gossip", "ping")) -> Step:
    """Cut from the first to the second of each pair, and leave the way back open."""
    kept, on_ports = tuple(pairs), tuple(ports)

    async def inject(lab: Lab) -> None:
        lab.network.set_mode(mode, kept, on_ports)

    return inject


def everywhere(mode: Mode, ports: Iterable[Port]) -> Step:
    """Do one thing to every link."""
    on_ports = tuple(ports)

    async def inject(lab: Lab) -> None:
        lab.network.set_mode(mode, ports=on_ports)

    return inject


async def isolate_leader(lab: Lab) -> None:
    """Cut whoever leads off from all others."""
    leader = await lab.leader()
    await cut([leader] if leader else [], [n.name for n in lab.nodes if n.name != leader])(lab)


async def mute_leader(lab: Lab) -> None:
    """Drop what the leader sends; it still hears the others."""
    leader = await lab.leader()
    await one_way([pair for pair in lab.layout.links if pair[0] == leader])(lab)


async def unseat(lab: Lab) -> None:
    """Break every Raft link until whoever led has noticed, so that somebody must be elected anew."""
    lab.network.set_mode("refuse", ports=("raft",))
    await asyncio.sleep(UNSEAT_S)
    lab.network.set_mode("open", ports=("raft",))


async def blip(lab: Lab) -> None:
    """Cut everything for a moment."""
    lab.network.set_mode("drop")
    await asyncio.sleep(BLIP_S)
    lab.network.set_mode("open")


async def lose_packets(lab: Lab) -> None:
    """Lose packets on every link."""
    lab.network.set_loss(LOSS_ONE_WAY)
    lab.network.set_mode("refuse", ports=("raft",))  # a sitting leader can outlast late heartbeats
    await asyncio.sleep(BREAK_S)
    lab.network.set_mode("open", ports=("raft",))
