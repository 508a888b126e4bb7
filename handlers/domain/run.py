"""A confirmed plan being carried out, as far as its incident's timeline tells. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from handlers.domain.events.base import Person
from handlers.domain.events.remediation import ActionFinished, NodeChecked, RunEnded
from runbooks.plans import Plan


@dataclass(frozen=True)
class ActionRun:
    """One action of a run; `finished` is `None` while it is not known to have ended."""

    action_id: str
    finished: ActionFinished | None = None


@dataclass(frozen=True)
class Run:
    """A confirmed plan being carried out.

    `generation` is the place in the timeline of the event that began it; `fence` orders the runs of a
    cluster; `checks` are by node.
    """

    plan: Plan
    handle: str
    confirmed_by: Person
    confirmed_at: datetime
    generation: int
    fence: int = 0
    approved_by: Person | None = None
    silence_minutes: int = 0
    actions: dict[int, ActionRun] = field(default_factory=dict)
    checks: dict[str, NodeChecked] = field(default_factory=dict)
    stop_asked_by: Person | None = None
    ended: RunEnded | None = None

    def is_done(self, index: int) -> bool:
        """Return whether an action is known to have been carried out."""
        action = self.actions.get(index)
        return bool(action and action.finished and action.finished.state == "done")

    @property
    def failed_index(self) -> int | None:
        """Return the index of the first action that ended and is not done; the run stops at it."""
        return next(
            (i for i, action in self.actions.items() if action.finished and not self.is_done(i)), None
        )

    @property
    def failed_check(self) -> NodeChecked | None:
        """Return the first check that found something worse or wrong; the run stops after it."""
        return next((check for check in self.checks.values() if check.complaints), None)

    def indexes_of(self, node: str) -> tuple[int, ...]:
        """Return the indexes of the plan's steps on one node."""
        return tuple(i for i, step in enumerate(self.plan.steps) if step.action.node == node)
