"""Values on either side of a limit: clocks, disks, loss, round trips, and counts of nodes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lab.scenarios import network_faults as network
from lab.scenarios import node_faults as nodes
from lab.scenarios import process_faults as processes
from lab.scenarios.build import Drawn, drawn
from lab.scenarios.fault import Fault, buttons
from lab.scenarios.world import World, new_world

MB = 10**6


def _clocks(random: Random, gap_ms: float) -> tuple[World, dict[str, float]]:
    """Draw three nodes and their offsets: neighbours are `gap_ms` apart, none nearer."""
    world = new_world(random, 3)
    return world, dict(zip(world.pick(3), (-gap_ms, 0.0, gap_ms), strict=True))


def _clocks_just_apart(random: Random) -> Drawn:
    world, offsets = _clocks(random, random.uniform(503, 560))

    def inject(target: World) -> None:
        for name, offset_ms in offsets.items():
            target.nodes[name].offset_ms = offset_ms

    wanted = buttons("clock_sync", [name for name, offset_ms in offsets.items() if offset_ms])
    fault = Fault("clock_skew", f"clocks {max(offsets.values()):.0f} ms apart", inject, wanted)
    return drawn(world, fault, open_to_doubt=True)


def _clocks_just_near(random: Random) -> Drawn:
    world, offsets = _clocks(random, random.uniform(420, 490))
    for name, offset_ms in offsets.items():
        world.nodes[name].offset_ms = offset_ms
    said = f"clocks {max(offsets.values()):.0f} ms apart, which is within the limit"
    if random.random() < 0.5:
        return drawn(world, processes.quorum_loss(world), because=said)
    return _steady(world, said)


def _disks(random: Random) -> Drawn:
    world = new_world(random)
    chosen = world.pick(random.randint(world.too_many, len(world.nodes)))
    full = random.random() < 0.5
    for name in chosen:
        world.nodes[name].free_bytes = int(
            random.uniform(90, 99) * MB if full else random.uniform(112, 180) * MB
        )
    said = f"between {'90 and 99' if full else '112 and 180'} MB free on {', '.join(sorted(chosen))}"
    return drawn(world, Fault("storage_full", said, lambda _: None)) if full else _steady(world, said)


def _loss(random: Random) -> Drawn:
    world = new_world(random)
    # Every link is within 15 % of the mean, so from 23.6 % on the least of them is a storm's 20 %.
    if random.random() < 0.5:
        return drawn(world, network.packet_loss(world, random.uniform(0.236, 0.27)), open_to_doubt=True)
    fault = network.packet_loss(world, random.uniform(0.09, 0.14))
    fault.inject(world)
    return _steady(world, fault.story)


def _round_trip(random: Random) -> Drawn:
    world = new_world(random)
    slow = nodes.aggressive_timeouts(world)
    share = random.choice((random.uniform(0.2, 0.35), random.uniform(0.55, 0.7)))
    minimum_ms = min(node.timeout_min_ms for node in world.nodes.values())
    for link in world.links.values():
        link.rtt_ms, link.jitter_ms = share * minimum_ms, share * minimum_ms / 8
    said = f"round trip {share:.2f} of the election timeout"
    if share < 0.5:
        return _steady(world, said)
    fault = Fault("aggressive_timeouts", said, lambda _: None, slow.wanted)
    return drawn(world, fault, open_to_doubt=True)


def _just_enough_nodes(random: Random) -> Drawn:
    world = new_world(random)
    fault = processes.quorum_loss(world, world.pick(world.too_many - 1))
    fault.inject(world)
    return _steady(world, f"{fault.story}: just a quorum left")


def _one_node_short(random: Random) -> Drawn:
    world = new_world(random, random.choice((3, 4, 5)))
    return drawn(world, processes.quorum_loss(world, world.pick(world.too_many)))


THRESHOLDS: tuple[Callable[[Random], Drawn], ...] = (
    _clocks_just_apart,
    _clocks_just_near,
    _disks,
    _loss,
    _round_trip,
    _just_enough_nodes,
    _one_node_short,
    _clocks_just_near,
)


def threshold(random: Random, number: int) -> Drawn:
    """Draw the limit of this number, counted round."""
    return THRESHOLDS[number % len(THRESHOLDS)](random)


def _steady(world: World, said: str) -> Drawn:
    """Leave the role out of the pages, so that a leader shows in commits and terms alone."""
    return drawn(world, Fault("alert_stale", said, lambda _: None), open_to_doubt=not world.shows_role)
