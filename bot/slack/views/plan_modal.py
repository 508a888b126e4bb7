"""The modal of a plan: everything that would be done, to read before it is confirmed or approved."""

from __future__ import annotations

from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape, escape_lines
from handlers.domain.events.remediation import PlanProposed
from handlers.domain.incident import Incident
from runbooks.plans import Plan, PlanStep
from runbooks.wording import counted

CONFIRM_CALLBACK = "confirm_plan"
APPROVE_CALLBACK = "approve_plan"

SILENCE_BLOCK, SILENCE_ACTION = "silence", "silence_minutes"
SILENCE_MINUTES = 30


def plan_modal(
    incident: Incident,
    proposed: PlanProposed,
    callback: str = CONFIRM_CALLBACK,
    *,
    viewer: str,
    reason: str = "",
    can_silence: bool = False,
) -> Block:
    """Show the exact plan before it is confirmed or approved; `reason` is why it is shown anew.

    What it would do, its risk and its undo come first: what is long lies below the fold of a phone.
    """
    plan, approves = proposed.plan, callback == APPROVE_CALLBACK
    confirmed_by = incident.awaiting_second.by.name if approves and incident.awaiting_second else ""
    within = "approve within 10 minutes of its proposal" if approves else "confirm within 10 minutes"
    first = f"{reason}\n" if reason else f"{confirmed_by} has confirmed this plan.\n" if confirmed_by else ""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": proposed.handle,
        "external_id": blocks.external_id(proposed.handle, viewer),
        "title": {"type": "plain_text", "text": "Approve the plan" if approves else "Confirm the plan"},
        "submit": {"type": "plain_text", "text": "Approve" if approves else "Run it"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            blocks.section(
                f"{escape_lines(first)}*{escape(plan.title)}* ({escape(incident.cluster)}){_count(plan)}"
            ),
            *([blocks.section("*A second person must approve it.*")] if plan.needs_second else []),
            blocks.section(f"*Risk:* {escape(plan.risk)}"),
            blocks.section(f"*Undo:* {escape(plan.undo)}"),
            *blocks.packed(_step(number, step) for number, step in enumerate(plan.steps, start=1)),
            *([blocks.context(*map(escape, plan.arithmetic))] if plan.arithmetic else []),
            blocks.section("*Before each node:* " + escape(" ".join(plan.checks_before))),
            blocks.section(f"*Afterwards:* {escape(plan.watch_after)}"),
            *([_silence_choice()] if can_silence and not approves else []),
            blocks.context(f"plan {plan.sha256[:12]} · {within}"),
        ],
    }


def _count(plan: Plan) -> str:
    return f", in {counted(len(plan.steps), 'step')}, one after the other" if len(plan.steps) > 1 else ""


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
    """Return for how many minutes the confirmer asked Alertmanager to be silent, 0 for not at all."""
    values = (view.get("state") or {}).get("values") or {}
    chosen = (values.get(SILENCE_BLOCK) or {}).get(SILENCE_ACTION, {}).get("selected_options") or []
    return SILENCE_MINUTES if chosen else 0


def _step(number: int, step: PlanStep) -> str:
    shown = blocks.code(step.shown) if step.shown else ""
    return f"*{number}. {escape(step.action.node)}*: {escape(step.effect)}\n{shown}"


def sentence_modal(title: str, sentence: str) -> Block:
    """Return a modal that only says something."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [blocks.section(escape(sentence))],
    }
