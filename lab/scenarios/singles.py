"""One fault at a time: every cause, as often as every other."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lab.scenarios import network_faults as network
from lab.scenarios import node_faults as nodes
from lab.scenarios import process_faults as processes
from lab.scenarios.build import Drawn, drawn
from lab.scenarios.fault import Fault
from lab.scenarios.world import World, new_world

SINGLES: tuple[Callable[[World], Fault], ...] = (
    network.network_partition,
    network.asymmetric_partition,
    network.partial_partition,
    network.gossip_blocked,
    network.packet_loss,
    network.two_leaders,
    network.even_split,
    processes.quorum_loss,
    processes.host_down,
    processes.process_hung,
    processes.crash_loop,
    processes.frozen_raft,
    processes.tie_break,
    nodes.storage_full,
    nodes.slow_disk,
    nodes.clock_skew,
    nodes.tls_failure,
    nodes.peer_list_wrong,
    nodes.aggressive_timeouts,
    nodes.stale_log,
)


def single(random: Random, number: int) -> Drawn:
    """Draw a world with the fault of this number, counted round."""
    fault = SINGLES[number % len(SINGLES)]
    world = new_world(random, 4 if fault is network.even_split else None)
    chosen = fault(world)
    # Failed handshakes are warnings, and there is nothing else that tells of them.
    unsaid = chosen.cause == "tls_failure" and world.log_level == "error"
    return drawn(world, chosen, open_to_doubt=unsaid)
