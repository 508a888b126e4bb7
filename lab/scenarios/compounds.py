"""Two independent causes at once: either each alone would end the leader, or only both together do.

`together` recipes take from each cause fewer nodes than end the quorum; `apart` recipes take two faults that
each suffice. Both claims are tried on copies of the world before a scenario is given out.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from lab.scenarios import network_faults as network
from lab.scenarios import node_faults as nodes
from lab.scenarios import process_faults as processes
from lab.scenarios.build import Drawn, WrongTruthError, drawn
from lab.scenarios.election import outcome
from lab.scenarios.fault import Fault
from lab.scenarios.world import World, new_world

Names = tuple[str, ...]


@dataclass(frozen=True)
class Compound:
    """How to draw one pair of faults.

    `second` gets the nodes left to it, in `together` recipes; in `apart` recipes both draw their own.
    """

    first: Callable[[World, Names], Fault]
    second: Callable[[World, Names], Fault]
    together: bool


def _alone(fault: Callable[[World], Fault]) -> Callable[[World, Names], Fault]:
    return lambda world, _: fault(world)


def _cut_off(world: World, names: Names) -> Fault:
    """Cut these off, each by itself; the others stay joined."""
    others = tuple(name for name in world.names if name not in names)
    return network.network_partition(world, [others, *((name,) for name in names)])


def _down_most(world: World, _: Names) -> Fault:
    """Leave some process running, so that a cut beside it can be seen at all."""
    return processes.quorum_loss(
        world, world.pick(world.random.randint(world.too_many, len(world.nodes) - 1))
    )


def _cut_all(world: World, _: Names) -> Fault:
    return network.network_partition(world, [(name,) for name in world.names])


def _drop_all(world: World, _: Names) -> Fault:
    """Cut all from all, silently: a refusal could not be told from that of a stopped process."""
    return network.network_partition(world, [(name,) for name in world.names], "drop")


def _cut_one_way(world: World, names: Names) -> Fault:
    others = tuple(name for name in world.names if name not in names)
    world.pre_vote = True  # without it, the cut alone would unseat every leader
    return network.asymmetric_partition(world, [others, *((name,) for name in names)])


_DOWN, _HUNG, _LOOP, _GONE = (
    processes.quorum_loss,
    processes.process_hung,
    processes.crash_loop,
    processes.host_down,
)
COMPOUNDS: tuple[Compound, ...] = (
    Compound(_DOWN, _cut_off, together=True),
    Compound(_GONE, _cut_off, together=True),
    Compound(_HUNG, _cut_off, together=True),
    Compound(_LOOP, _cut_off, together=True),
    Compound(_DOWN, _GONE, together=True),
    Compound(_DOWN, _HUNG, together=True),
    Compound(_DOWN, _LOOP, together=True),
    Compound(_DOWN, nodes.storage_full, together=True),
    Compound(nodes.storage_full, _cut_off, together=True),
    Compound(_DOWN, nodes.peer_list_wrong, together=True),
    Compound(_DOWN, _cut_one_way, together=True),
    Compound(_alone(nodes.clock_skew), _down_most, together=False),
    Compound(_alone(nodes.clock_skew), _alone(_HUNG), together=False),
    Compound(_alone(nodes.clock_skew), _cut_all, together=False),
    Compound(_alone(nodes.clock_skew), _alone(nodes.storage_full), together=False),
    Compound(_alone(nodes.clock_skew), _alone(network.gossip_blocked), together=False),
    Compound(_down_most, _drop_all, together=False),
    Compound(_alone(nodes.storage_full), _cut_all, together=False),
)


def compound(random: Random, number: int) -> Drawn:
    """Draw the pair of this number, counted round.

    Raises:
        WrongTruthError: If one of the two faults is not needed, or does not suffice, as its recipe says.
    """
    recipe = COMPOUNDS[number % len(COMPOUNDS)]
    world = new_world(random, None if not recipe.together else random.choices((3, 5, 7), (5, 4, 1))[0])
    lost = world.pick(world.too_many)
    share = random.randint(1, len(lost) - 1)
    faults = recipe.first(world, lost[:share]), recipe.second(world, lost[share:])
    for fault in faults:
        alone = deepcopy(world)
        fault.inject(alone)
        if recipe.together != (outcome(alone) == "steady"):
            raise WrongTruthError(f"{fault.cause} alone: {outcome(alone)}; {fault.story}")
    because = "only both together end the quorum" if recipe.together else "each alone ends the leader"
    return drawn(world, *faults, because=because)
