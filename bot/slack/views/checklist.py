"""A checklist's points with their ticks, and lists of sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack.views import blocks
from bot.slack.views.blocks import escape
from handlers.domain.events.triage import HandOffTicked
from handlers.domain.incident import Incident
from runbooks.hand_off import HandOffStep
from runbooks.wording import MAX_NAMES


def listing(title: str, lines: tuple[str, ...]) -> str:
    """Return sentences as a list below a title; more than a screen of them are counted."""
    left = len(lines) - MAX_NAMES
    shown = (*lines[:MAX_NAMES], f"and {left} more") if left > 1 else lines
    return "\n".join([f"*{title}*", *(f"• {escape(blocks.cut(line, 300))}" for line in shown)])


def point(number: int, step: HandOffStep, incident: Incident) -> str:
    """Return one point: whether it is done and by whom, what to do, and the commands to copy."""
    return "\n".join(_lines(number, step, incident.half_ticks.get(step.key), incident.ticks.get(step.key)))


def _lines(
    number: int, step: HandOffStep, first: HandOffTicked | None, last: HandOffTicked | None
) -> Iterator[str]:
    mark = ":white_check_mark:" if last else ":white_large_square:"
    done = "; ".join(f"{escape(tick.by.name)}, {tick.at:%H:%M} UTC" for tick in (first, last) if tick)
    missing = "; a second person is to tick it" if first and not last else ""
    yield f"{mark} {number}. {escape(blocks.cut(step.text, 500))}{f' _{done}{missing}_' if done else ''}"
    if step.commands:
        yield blocks.code("\n".join(step.commands))
