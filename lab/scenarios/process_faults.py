"""Faults of processes and hosts: stopped, crashing, hung, frozen, gone."""

from __future__ import annotations

from lab.scenarios.fault import Fault, buttons
from lab.scenarios.world import World

Names = tuple[str, ...]


def quorum_loss(world: World, names: Names | None = None) -> Fault:
    """Stop processes, or let them have failed: at least so many that no quorum is left."""
    chosen = names or _too_many(world)
    ends = {name: world.random.choice(("stopped", "failed")) for name in chosen}
    results = {name: world.random.choice(("exit-code", "signal", "core-dump")) for name in chosen}

    def inject(target: World) -> None:
        for name in chosen:
            node = target.nodes[name]
            if ends[name] == "stopped":
                node.process, node.result = "stopped", "success"
            else:
                node.process, node.result = "failed", results[name]

    return Fault("quorum_loss", f"processes down: {_list(chosen)}", inject, buttons("start_service", chosen))


def crash_loop(world: World, names: Names | None = None) -> Fault:
    """Let the service manager restart processes again and again."""
    chosen = names or _too_many(world)
    result = world.random.choice(("oom-kill", "exit-code", "signal"))
    restarts = {name: world.random.randint(9, 240) for name in chosen}
    ups = {name: (world.random.random() < 0.5, world.random.random() < 0.5) for name in chosen}

    def inject(target: World) -> None:
        for name in chosen:
            node = target.nodes[name]
            node.process, node.result, node.restarts = "crashing", result, restarts[name]
            node.up = ups[name]

    return Fault("crash_loop", f"restart loop ({result}): {_list(chosen)}", inject)


def process_hung(world: World, names: Names | None = None) -> Fault:
    """Stop processes in their tracks: the kernel still accepts for them, nothing answers."""
    chosen = names or _too_many(world)

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].process = "hung"

    return Fault("process_hung", f"hung: {_list(chosen)}", inject, buttons("restart_service", chosen))


def host_down(world: World, names: Names | None = None) -> Fault:
    """Take hosts away: they answer nobody."""
    chosen = names or _too_many(world)

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].host_up = False

    return Fault("host_down", f"hosts gone: {_list(chosen)}", inject)


def frozen_raft(world: World) -> Fault:
    """Let the Raft task die in processes that go on answering everything else."""
    chosen = tuple(world.names) if world.random.random() < 0.6 else _too_many(world)

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].process = "frozen"
        target.pre_vote = True  # the others' terms stand still as well

    return Fault("none_known", f"Raft task dead, process alive: {_list(chosen)}", inject)


def tie_break(world: World) -> Fault:
    """Let the geometric tie-break refuse every vote between equal logs."""

    def inject(target: World) -> None:
        target.tie_break_blocks = True

    return Fault("none_known", "the tie-break over equal logs refuses every vote", inject)


def _too_many(world: World) -> Names:
    most = len(world.nodes) - (world.random.random() < 0.85)
    return world.pick(world.random.randint(world.too_many, max(world.too_many, most)))


def _list(names: Names) -> str:
    return ", ".join(sorted(names))
