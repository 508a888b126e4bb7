"""What was confirmed, and what stands in Redis by the appends that it accepted."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.domain.events.base import Person
from runbooks.plans import Plan


@dataclass(frozen=True)
class Confirmation:
    """A plan that was confirmed, at its place in the timeline; `generation` once the run begins."""

    at_s: float
    incident: str
    handle: str
    plan: Plan
    by: Person
    fence: int
    second_needed: bool
    generation: int
    second: Person | None = None


@dataclass
class History:
    """What stands in Redis, as far as was accepted; a restore puts an older one in its place."""

    timelines: dict[str, list[bytes]] = field(default_factory=dict)
    unknown: dict[tuple[str, str], float] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    running: dict[str, int] = field(default_factory=dict)
    names: dict[tuple[str, int], str] = field(default_factory=dict)
    leader: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    waiting: dict[str, Confirmation] = field(default_factory=dict)

    def copy(self) -> History:
        """As it is now."""
        return History(
            timelines={name: list(events) for name, events in self.timelines.items()},
            unknown=dict(self.unknown),
            denied=set(self.denied),
            running=dict(self.running),
            names=dict(self.names),
            leader=dict(self.leader),
            waiting=dict(self.waiting),
        )
