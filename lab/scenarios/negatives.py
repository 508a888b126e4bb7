"""A steady leader all the while: healthy, recovered, blemished on a minority, or badly watched."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lab.scenarios import network_faults as network
from lab.scenarios import node_faults as nodes
from lab.scenarios import process_faults as processes
from lab.scenarios.build import Drawn, drawn
from lab.scenarios.fault import Fault
from lab.scenarios.motion import leader_of
from lab.scenarios.world import Mode, World, across, new_world


def _healthy(world: World) -> str:
    return "nothing is wrong"


def _recovered(world: World) -> str:
    world.recent_elections = world.random.randint(1, 4)
    return "elections in the last minute, a leader since"


def _minority_down(world: World) -> str:
    names = _minority(world)
    fault = world.random.choice(
        (processes.quorum_loss, processes.process_hung, processes.crash_loop, processes.host_down)
    )
    return _put(world, fault(world, names))


def _minority_full(world: World) -> str:
    return _put(world, nodes.storage_full(world, _minority(world)))


def _minority_cut(world: World) -> str:
    names = _minority(world)
    others = tuple(name for name in world.names if name not in names)
    if world.random.random() < 0.5:
        return _put(world, network.network_partition(world, [others, names]))
    world.pre_vote = True  # without it, one that is heard and does not hear unseats every leader
    return _put(world, network.asymmetric_partition(world, [others, names]))


def _minority_gossip(world: World) -> str:
    names = _minority(world)
    others = tuple(name for name in world.names if name not in names)
    world.set_mode(across([names, others]), "drop", ("gossip",))
    return f"gossip to {', '.join(names)} cut"


def _one_clock(world: World) -> str:
    name = world.pick(1)[0]
    world.nodes[name].offset_ms = world.random.choice((-1, 1)) * world.random.uniform(200, 4000)
    return f"the clock of {name} is {world.nodes[name].offset_ms:+.0f} ms off"


def _some_loss(world: World) -> str:
    return _put(world, network.packet_loss(world, world.random.uniform(0.01, 0.06)))


def _leader_unseen(world: World) -> str:
    world.shows_role = True  # or nobody could say that it is the leader who is not seen
    leader = leader_of(world)
    return _unseen(world, (leader,)) if leader else "nobody leads"


def _all_unseen(world: World) -> str:
    return _unseen(world, tuple(world.names))


def _unseen(world: World, names: tuple[str, ...]) -> str:
    world.writes = world.random.randint(3, 40)  # the peers' commits show a leader at work
    mode: Mode = world.random.choice(("drop", "drop", "reject", "unreachable"))
    for name in names:
        world.nodes[name].metrics_path = mode
    return f"the bot's way to the metrics of {', '.join(names)} is cut ({mode})"


NEGATIVES: tuple[tuple[str, Callable[[World], str]], ...] = (
    ("alert_stale", _healthy),
    ("alert_stale", _recovered),
    ("alert_stale", _minority_down),
    ("alert_stale", _minority_cut),
    ("monitoring_blind", _leader_unseen),
    ("alert_stale", _minority_full),
    ("alert_stale", _one_clock),
    ("alert_stale", _minority_gossip),
    ("alert_stale", _some_loss),
    ("monitoring_blind", _all_unseen),
)


def negative(random: Random, number: int) -> Drawn:
    """Draw the blemish of this number, counted round."""
    cause, blemish = NEGATIVES[number % len(NEGATIVES)]
    world = new_world(random)
    story = blemish(world)
    # Where the pages name no role, a leader shows in commits and terms alone.
    return drawn(world, Fault(cause, story, lambda _: None), open_to_doubt=not world.shows_role)


def _minority(world: World) -> tuple[str, ...]:
    return world.pick(world.random.randint(1, len(world.nodes) - world.quorum))


def _put(world: World, fault: Fault) -> str:
    fault.inject(world)
    return f"on a minority: {fault.story}"
