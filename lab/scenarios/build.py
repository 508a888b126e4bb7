"""Put faults into a world, and hold the truth against what Raft makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.scenarios.election import outcome
from lab.scenarios.fault import Fault
from lab.scenarios.scenario import NO_FAULT, Truth
from lab.scenarios.world import World


class WrongTruthError(AssertionError):
    """The truth of a scenario does not follow from its world: the generator is at fault."""


@dataclass(frozen=True)
class Drawn:
    """A world with its faults in it, and the truth about it."""

    world: World
    truth: Truth
    story: str


def drawn(world: World, *faults: Fault, because: str = "", open_to_doubt: bool = False) -> Drawn:
    """Inject faults.

    Args:
        world: A sound world; it is changed.
        faults: What is put into it.
        because: Why each of several faults is a cause of its own.
        open_to_doubt: Whether an honest observer may leave it open.

    Raises:
        WrongTruthError: If the world keeps a leader in spite of the faults, or loses it without any.
    """
    for fault in faults:
        fault.inject(world)
    causes = frozenset(fault.cause for fault in faults)
    wanted = frozenset(button for fault in faults for button in fault.wanted)
    story = "; ".join([*(fault.story for fault in faults), *([because] if because else [])])
    keeps_leader = causes <= NO_FAULT | {"two_leaders"}
    if keeps_leader != (outcome(world) == "steady"):
        raise WrongTruthError(f"{sorted(causes)}: {outcome(world)}; {story}")
    # Silence does not tell a dead host from a cut one (Fischer, Lynch, Paterson 1985): a majority that nobody
    # here hears may be well and have a leader, with the observer cut off beside the few.
    dark = 2 * sum(not node.host_up for node in world.nodes.values()) > len(world.nodes)
    return Drawn(world, Truth(causes, open_to_doubt or dark, wanted), f"{len(world.nodes)} nodes, {story}")
