"""A run as a message: each step's progress, a button to stop it, and its outcome. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack.views import blocks, labels
from bot.slack.views.blocks import Block, escape
from bot.slack.views.message import APPROVE_ACTION, REMEDY_ACTION, STOP_ACTION, Message
from handlers.domain.events.remediation import PlanConfirmed
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from runbooks.all_runbooks import aim, button_of_remedy
from runbooks.plans import ActionType
from runbooks.wording import MAX_NAMES, listed

ACTION_WORDS: dict[ActionType, str] = {
    "clock_sync": "step the clock",
    "set_election_timeouts": "write the timeouts",
    "start_service": "start the service",
    "restart_service": "restart the service",
    "transfer_leadership": "hand the leadership on",
    "undo_election_timeouts": "put the file back",
}

DONE, TO_COME = labels.OUTCOMES["done"], ":white_circle:"

MAX_NODES = 12
"""A run over more nodes is told in brief: Slack takes about 12,000 characters in one message."""

MAX_LINE_CHARS = 400

SEE_BELOW = "see below"
"""Stands for the reason why a run stopped, which its last line gives."""


def second_asked(incident: Incident, confirmed: PlanConfirmed) -> Message:
    """Show that a plan that one person has confirmed waits for another."""
    plan = incident.proposals[confirmed.handle].plan
    text = (
        f"{plan.title}: {confirmed.by.name} has confirmed it, a second person must approve within ten "
        "minutes of its proposal; after that it must be proposed again."
    )
    button = blocks.button(
        "Read and approve", action_id=APPROVE_ACTION, value=confirmed.handle, style="primary"
    )
    return Message(
        key=second_key(confirmed.handle),
        text=text,
        blocks=(blocks.section(f":busts_in_silhouette: {escape(text)}"), blocks.actions("second", [button])),
    )


def second_given(run: Run) -> Message:
    """Show the request for a second approval once it was given: its button is gone."""
    second = run.approved_by.name if run.approved_by else "nobody"
    text = f"{run.plan.title}: {run.confirmed_by.name} has confirmed it, {second} has approved it."
    return Message(
        key=second_key(run.handle),
        text=text,
        blocks=(blocks.section(f":busts_in_silhouette: {escape(text)}"),),
    )


def second_key(handle: str) -> str:
    """Return the key of the message that asks for a second approval."""
    return f"second-{handle[:8]}"


def progress(incident: Incident, run: Run, number: int) -> Message:
    """Show the confirmed plan, step by step, edited as it goes."""
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
        text=f"{run.plan.title}, confirmed by {run.confirmed_by.name}",
        blocks=(*blocks.packed(lines), *_buttons(incident, run)),
    )


def _steps(run: Run) -> Iterator[str]:
    """Return each node step by step; of many nodes only those where something happens or went wrong."""
    nodes = run.plan.nodes
    alike = {node: _all_one(run, node) for node in nodes} if len(nodes) > MAX_NODES else {}
    for mark, what in ((DONE, "done"), (TO_COME, "to come")):
        if told := [node for node in nodes if alike.get(node) == mark]:
            yield f"{mark} {len(told)} of {len(nodes)} nodes {what}: {escape(listed(told, MAX_NAMES))}"
    for node in nodes:
        if not alike.get(node):
            yield from _node(run, node)


def _all_one(run: Run, node: str) -> str:
    """Return the mark of a node that is wholly done and well, or wholly to come; nothing for any other."""
    indexes, check = run.indexes_of(node), run.checks.get(node)
    if check and not check.complaints and all(map(run.is_done, indexes)):
        return DONE
    return "" if check or any(index in run.actions for index in indexes) else TO_COME


def _node(run: Run, node: str) -> Iterator[str]:
    for index in run.indexes_of(node):
        yield _step(run, index)
    check = run.checks.get(node)
    if check and check.complaints:
        is_told = run.ended is not None and run.failed_index is None and check is run.failed_check
        said = SEE_BELOW if is_told else "; ".join(check.complaints)
        yield f":x: {escape(node)}: {blocks.cut(escape(said), MAX_LINE_CHARS)}"
    elif check:
        led = f"{check.leader} leads" if check.leader else "no leader yet"
        yield f":mag: {escape(node)} and the others are no worse than before, {escape(led)}"


def _step(run: Run, index: int) -> str:
    step, action = run.plan.steps[index].action, run.actions.get(index)
    mark = TO_COME if action is None else ":hourglass_flowing_sand:"
    said = ""
    if action and action.finished:
        is_told = run.ended is not None and index == run.failed_index
        detail = SEE_BELOW if is_told else action.finished.detail
        mark, said = labels.OUTCOMES[action.finished.state], f": {detail}"
    return f"{mark} {escape(step.node)}: {ACTION_WORDS[step.type]}{blocks.cut(escape(said), MAX_LINE_CHARS)}"


def _outcome(incident: Incident, run: Run) -> Iterator[str]:
    if run.ended is None:
        return
    yield f"*{blocks.cut(escape(run.ended.detail), 2 * MAX_LINE_CHARS)}*"
    if not run.ended.completed or run is not incident.run or incident.verified:
        return
    if incident.evidence_at and incident.evidence_at > run.ended.at:
        wanted = aim(incident.runbook)
        yield f":red_circle: *Not recovered:* no {wanted} was proven in time; the findings are fresh."
    else:
        wanted = run.plan.watch_after
        yield f":eyes: Now watched for: {escape(wanted[:1].lower() + wanted[1:])}"


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
    button = blocks.button(button_of_remedy(undo.remedy.name), action_id=action_id, value=undo.handle)
    return [blocks.actions("undo", [button])]
