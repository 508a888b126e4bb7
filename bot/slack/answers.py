"""What a command or a click gets back: messages for one person, and the modal of a plan."""

from __future__ import annotations

import secrets

from bot.evidence_text import link_table, node_table, not_read
from bot.slack import blocks
from bot.slack.blocks import Block, escape
from handlers.commands import Answer, ElectionStatus, Help
from handlers.events import PlanProposed
from handlers.incident import Incident
from runbooks.model import PlanStep

CONFIRM_CALLBACK = "confirm_plan"
APPROVE_CALLBACK = "approve_plan"

SILENCE_BLOCK, SILENCE_ACTION = "silence", "silence_minutes"
SILENCE_MINUTES = 30


def answer(result: Answer) -> tuple[str, list[Block]]:
    """(text, blocks) of a command's answer."""
    match result:
        case ElectionStatus():
            return election_status(result)
        case Help():
            return help_text(result)


def election_status(status: ElectionStatus) -> tuple[str, list[Block]]:
    """Who leads, which term, who reaches whom, can it elect, and what could not be read."""
    diagnosis, evidence = status.diagnosis, status.evidence
    lead = diagnosis.leadership
    who = f"{lead.leader} leads term {lead.term}" if lead.leader else f"no leader, highest term {lead.term}"
    text = f"{evidence.cluster}: {who}. {diagnosis.summary}"
    small = [
        f"read at {evidence.started_at:%H:%M:%S} UTC",
        *not_read(evidence),
    ]
    return text, [
        blocks.section(f"*{escape(evidence.cluster)}*: {escape(who)}\n{escape(diagnosis.summary)}"),
        blocks.preformatted(node_table(evidence)),
        blocks.preformatted(link_table(evidence)),
        blocks.section(f"*Can it elect?* {diagnosis.can_elect}: {escape(diagnosis.can_elect_reason)}."),
        blocks.context(*map(escape, small)),
    ]


def help_text(listing: Help) -> tuple[str, list[Block]]:
    """One line per command."""
    lines = [
        f"`/neumann {f'{command.words} {command.arguments}'.strip()}` {escape(command.summary)}"
        for command in listing.commands
    ]
    clusters = f"clusters: {', '.join(listing.clusters)}"
    return "\n".join(lines), [blocks.section("\n".join(lines)), blocks.context(escape(clusters))]


def plan_modal(
    incident: Incident,
    proposed: PlanProposed,
    callback: str = CONFIRM_CALLBACK,
    *,
    viewer: str,
    reason: str = "",
    can_silence: bool = False,
) -> Block:
    """The exact plan, to read before it is confirmed or approved; `reason` is why it is shown anew.

    Slack gives `private_metadata` and `external_id` back apart from each other; `external_id` also says to
    whom it was shown, and is never the same twice.
    """
    plan, approves = proposed.plan, callback == APPROVE_CALLBACK
    confirmed_by = incident.awaiting_second.by.name if approves and incident.awaiting_second else ""
    first = f"{reason}\n" if reason else f"{confirmed_by} has confirmed this plan.\n" if confirmed_by else ""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": proposed.handle,
        "external_id": ".".join((proposed.handle, viewer, secrets.token_hex(4))),
        "title": {"type": "plain_text", "text": "Approve the plan" if approves else "Confirm the plan"},
        "submit": {"type": "plain_text", "text": "Approve" if approves else "Run it"},
        "close": {"type": "plain_text", "text": "Leave it"},
        "blocks": [
            blocks.section(f"{escape(first)}*{escape(plan.title)}* ({escape(incident.cluster)})"),
            *blocks.packed(_step(number, step) for number, step in enumerate(plan.steps, start=1)),
            *([blocks.context(*map(escape, plan.arithmetic))] if plan.arithmetic else []),
            blocks.section(f"*Risk:* {escape(plan.risk)}"),
            blocks.section("*Before each node:* " + escape(" ".join(plan.checks_before))),
            blocks.section(f"*Afterwards:* {escape(plan.watch_after)}"),
            blocks.section(f"*Undo:* {escape(plan.undo)}"),
            *([blocks.section("*A second person must approve it.*")] if plan.needs_second else []),
            *([_silence_choice()] if can_silence and not approves else []),
            blocks.context(f"plan {plan.sha256[:12]} · confirm within 10 minutes"),
        ],
    }


def _silence_choice() -> Block:
    text = f"Silence this incident's alerts for {SILENCE_MINUTES} min while it runs"
    option = {"text": {"type": "plain_text", "text": text}, "value": str(SILENCE_MINUTES)}
    return {
        "type": "input",
        "block_id": SILENCE_BLOCK,
        "optional": True,
        "label": {"type": "plain_text", "text": "Alertmanager"},
        "element": {"type": "checkboxes", "action_id": SILENCE_ACTION, "options": [option]},
    }


def silence_minutes(view: Block) -> int:
    """How long the confirmer asked Alertmanager to be silent, 0 for not at all."""
    values = (view.get("state") or {}).get("values") or {}
    chosen = (values.get(SILENCE_BLOCK) or {}).get(SILENCE_ACTION, {}).get("selected_options") or []
    return SILENCE_MINUTES if chosen else 0


def _step(number: int, step: PlanStep) -> str:
    shown = f"```{escape(step.shown)}```" if step.shown else ""
    return f"*{number}. {escape(step.action.node)}*: {escape(step.effect)}\n{shown}"


def sentence_modal(title: str, sentence: str) -> Block:
    """A modal that only says something."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [blocks.section(escape(sentence))],
    }
