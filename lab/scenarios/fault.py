"""One fault: what it is called, whom it hits, what may be done about it, and how it changes a world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.scenarios.scenario import Button
from lab.scenarios.world import World

Inject = Callable[[World], None]


@dataclass(frozen=True)
class Fault:
    """One fault, drawn but not yet in the world.

    `inject` draws nothing that decides the truth, so that the same fault may be put into a copy.
    """

    cause: str
    story: str
    inject: Inject
    wanted: frozenset[Button] = frozenset()


def buttons(action: str, names: Iterable[str]) -> frozenset[Button]:
    """Return one action on each of these nodes."""
    return frozenset((action, name) for name in names)
