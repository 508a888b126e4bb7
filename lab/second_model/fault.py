"""What a fault of the second model is, and how it is put into a world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from lab.second_model.world import World

Button = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """One fault: its cause, what it changes, and the actions that would help against it."""

    cause: str
    story: str
    inject: Callable[[World], None]
    wanted: frozenset[Button] = frozenset()


def pick(draw: Random, names: tuple[str, ...]) -> tuple[str, ...]:
    """Draw from one node to a majority."""
    return tuple(sorted(draw.sample(names, draw.randint(1, len(names) // 2 + 1))))


def put(names: tuple[str, ...], **changes: object) -> Callable[[World], None]:
    """Return what changes these nodes; a process that has ended cannot end in another way as well."""

    def inject(world: World) -> None:
        for name in names:
            if "process" in changes and world.members[name].process != "running":
                continue
            for key, value in changes.items():
                setattr(world.members[name], key, value)

    return inject
