"""The actions there are, each one declaration: the only table that a new one is added to on the agent."""

from __future__ import annotations

from collections.abc import Mapping

from agent.actions.clock_step import CLOCK_STEP
from agent.actions.kind import ActionKind
from agent.actions.service_moves import RESTART, START
from agent.actions.timeouts import TIMEOUTS
from agent.actions.transfer import TRANSFER
from agent.settings import Settings

ACTIONS: dict[str, ActionKind] = {
    kind.name: kind for kind in (CLOCK_STEP, TIMEOUTS, START, RESTART, TRANSFER)
}
POD_ACTIONS: dict[str, ActionKind] = {
    name: kind.in_pod if isinstance(kind.in_pod, ActionKind) else kind for name, kind in ACTIONS.items()
}


def actions_of(settings: Settings) -> Mapping[str, ActionKind]:
    """Return how each action is carried out on the node that the settings describe."""
    return POD_ACTIONS if settings.kubernetes else ACTIONS


def offered_by(settings: Settings) -> tuple[str, ...]:
    """Return the names of the actions that this agent would carry out, whatever the node's state."""
    return tuple(name for name, kind in actions_of(settings).items() if kind.why_not_here(settings) is None)
