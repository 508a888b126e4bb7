"""Offer to put back what a run that stopped has changed, or what an undo that stopped has left changed."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from handlers.domain.events.diagnosis import Offer
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from handlers.ports import CannotEdit, Obstacle, Ports
from runbooks.model import UNDO, Remedy
from runbooks.plans import Action
from runbooks.wording import listed

MAX_ATTEMPTS = 100
"""Agents take no further attempt to undo the same change."""


class Undoing(NamedTuple):
    """What is offered to be put back, and in words which files are left to people."""

    offer: Offer | None
    left_to_people: str = ""


async def undoing(ports: Ports, incident: Incident) -> Undoing:
    """Return what can be put back of what the newest run changed, or has not put back as an undo."""
    run = incident.runs[-1]
    if run.plan.remedy != UNDO:
        return Undoing(offer_to_undo(run))
    left = {
        step.action: index
        for index, step in enumerate(run.plan.steps)
        if step.action.undoes and not run.is_done(index)
    }
    answers = await ports.agents.planned_edits(incident.cluster, left) if left else {}
    apart = {
        action: answer
        for action, answer in answers.items()
        if isinstance(answer, CannotEdit) and (answer.by is Obstacle.NODE or _is_unknown(run, left[action]))
    }
    words = (f" {action.node}'s file is left to people: {answer.reason}" for action, answer in apart.items())
    return Undoing(offer_to_go_on(run, set(left) - set(apart)), "".join(words))


def offer_to_undo(run: Run) -> Offer | None:
    """Put back the files that the run changed, newest first; who restarted with them restarts again."""
    changed = [
        (run.actions[index].action_id, step.action)
        for index, step in enumerate(run.plan.steps)
        if step.action.type == "set_election_timeouts" and run.is_done(index)
    ]
    actions = tuple(
        undo
        for action_id, action in reversed(changed)
        for undo in (
            action.model_copy(update={"type": "undo_election_timeouts", "undoes": action_id}),
            Action(type="restart_service", node=action.node),
        )
        if undo.type != "restart_service" or _was_restarted(run, action.node)
    )
    nodes = ", ".join(dict.fromkeys(action.node for action in actions))
    return _offer(actions, f"The timeouts of {nodes} were changed, those of the others were not.")


def offer_to_go_on(undo: Run, left: set[Action]) -> Offer | None:
    """Put back the files that an undo has left changed, in its order and from the same originals."""
    left = {action for action in left if action.attempt < MAX_ATTEMPTS}
    nodes = {action.node for action in left}
    actions = tuple(
        action.model_copy(update={"attempt": action.attempt + 1}) if action in left else action
        for action in (step.action for step in undo.plan.steps)
        if action in left or (action.node in nodes and action.type == "restart_service")
    )
    return _offer(actions, f"The files of {listed(sorted(nodes))} were not put back.")


def _offer(actions: tuple[Action, ...], reason: str) -> Offer | None:
    if not actions:
        return None
    nodes = tuple(dict.fromkeys(action.node for action in actions))
    return Offer(
        handle=secrets.token_urlsafe(16),
        remedy=Remedy(name=UNDO, nodes=nodes, actions=actions, offered=True, reason=reason),
    )


def _is_unknown(run: Run, index: int) -> bool:
    begun = run.actions.get(index)
    return begun is not None and (begun.finished is None or begun.finished.state == "unknown")


def _was_restarted(run: Run, node: str) -> bool:
    restarts = [i for i in run.indexes_of(node) if run.plan.steps[i].action.type == "restart_service"]
    states = [run.actions[i].finished for i in restarts if i in run.actions]
    return any(finished is None or finished.state in ("done", "unknown") for finished in states)
