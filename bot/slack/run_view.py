"""A run as a message: each step as it goes, a way to stop it, and how it came out. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import blocks, words
from bot.slack.blocks import Block, escape
from bot.slack.message import APPROVE_ACTION, REMEDY_ACTION, STOP_ACTION, Message
from handlers.events import PlanConfirmed
from handlers.incident import Incident, Run
from runbooks.model import ActionType

ACTION_WORDS: dict[ActionType, str] = {
    "clock_sync": "step the clock",
    "set_election_timeouts": "write the timeouts",
    "start_service": "start the service",
    "restart_service": "restart the service",
    "undo_election_timeouts": "put the file back",
}


def second_asked(incident: Incident, confirmed: PlanConfirmed) -> Message:
    """A plan that one person has confirmed waits for another."""
    plan = incident.proposals[confirmed.handle].plan
    text = f"{plan.title}: {confirmed.by.name} has confirmed it, a second person must approve."
    button = blocks.button(
        "Read and approve", action_id=APPROVE_ACTION, value=confirmed.handle, style="primary"
    )
    return Message(
        key=f"second-{confirmed.handle[:8]}",
        text=text,
        blocks=(blocks.section(f":busts_in_silhouette: {escape(text)}"), blocks.actions("second", [button])),
    )


def progress(incident: Incident, run: Run, number: int) -> Message:
    """The confirmed plan, step by step, edited as it goes."""
    by = f", approved by {escape(run.approved_by.name)}" if run.approved_by else ""
    lines = [f"*{escape(run.plan.title)}*, confirmed by {escape(run.confirmed_by.name)}{by}"]
    lines += _steps(run)
    if run is incident.run and incident.silence:
        lines.append(f":no_bell: {escape(incident.silence.detail)}")
    if run.stop_asked_by and not run.ended:
        lines.append(f":octagonal_sign: {escape(run.stop_asked_by.name)} asked to stop before the next node.")
    lines += _outcome(incident, run)
    return Message(
        key=f"run-{number}",
        text=run.plan.title,
        blocks=(*blocks.packed(lines), *_buttons(incident, run)),
    )


def _steps(run: Run) -> Iterator[str]:
    for node in run.plan.nodes:
        for index in run.indexes_of(node):
            yield _step(run, index)
        check = run.checks.get(node)
        if check and check.complaints:
            yield f":x: {escape(node)}: {escape('; '.join(check.complaints))}"
        elif check:
            led = f"{check.leader} leads" if check.leader else "no leader yet"
            yield f":mag: {escape(node)} and the others are as well as before, {escape(led)}"


def _step(run: Run, index: int) -> str:
    step, action = run.plan.steps[index].action, run.actions.get(index)
    mark = ":white_circle:" if action is None else ":hourglass_flowing_sand:"
    said = ""
    if action and action.finished:
        mark, said = words.OUTCOMES[action.finished.state], f": {action.finished.detail}"
    return f"{mark} {escape(step.node)}: {ACTION_WORDS[step.type]}{escape(said)}"


def _outcome(incident: Incident, run: Run) -> Iterator[str]:
    if run.ended is None:
        return
    yield escape(run.ended.detail)
    if not run.ended.completed or run is not incident.run or incident.verified:
        return
    if incident.evidence_at and incident.evidence_at > run.ended.at:
        yield ":red_circle: *Not recovered:* no leader was proven in time; the findings are fresh."
    else:
        yield f":eyes: {escape(run.plan.watch_after)}"


def _buttons(incident: Incident, run: Run) -> list[Block]:
    if run is not incident.run or incident.closed:
        return []
    if run.ended is None:
        if run.stop_asked_by:
            return []
        stop = blocks.button(
            "Stop before the next node", action_id=STOP_ACTION, value=run.handle, style="danger"
        )
        return [blocks.actions("stop", [stop])]
    undo = run.ended.undo
    if undo is None:
        return []
    action_id = f"{REMEDY_ACTION}:{undo.remedy.name}"
    button = blocks.button(words.BUTTONS[undo.remedy.name], action_id=action_id, value=undo.handle)
    return [blocks.actions("undo", [button])]
