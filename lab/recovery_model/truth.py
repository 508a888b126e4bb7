"""The truth of a case: the words that name it rightly, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.recovery_model.scene import Host, Scene
from lab.recovery_model.service import Unit


@dataclass(frozen=True)
class Truth:
    """The words that name what is so, and what would mend it."""

    causes: frozenset[str]
    starts: tuple[str, ...] = ()
    restart: str | None = None
    also_helps: frozenset[tuple[str, str]] = frozenset()


Play = Callable[[Scene], Truth]


def so(*causes: str, starts: tuple[str, ...] = (), restart: str | None = None) -> Truth:
    """Return the truth that these words name."""
    return Truth(frozenset(causes), starts, restart)


def goes(scene: Scene, host: Host, unit: Unit) -> None:
    """Let a process end; what it wrote last stays the newest of its log."""
    host.unit, host.queue.away = replace(unit, serves=False), True
    host.silent_s = scene.passes(20, 400)
