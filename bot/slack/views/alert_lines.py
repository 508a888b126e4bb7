"""The alerts of an incident, a line each: what fires first, then how many are over. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.slack.views import blocks
from bot.slack.views.blocks import escape
from handlers.domain.alerts import Alert
from handlers.domain.incident import Incident
from runbooks.wording import counted, duration

MAX_ALERTS = 5
MAX_LINE_CHARS = 300

_WEB_ADDRESS = re.compile(r"https?://[!-~]+")


def alert_lines(incident: Incident) -> Iterator[str]:
    """Return what stands below the headline of its alerts: those that fire, or, where none does, all."""
    firing, everything = incident.firing, tuple(incident.alerts.values())
    shown = (firing or everything)[:MAX_ALERTS]
    yield from map(_line, shown)
    left = len(firing or everything) - len(shown)
    if left:
        yield f"and {counted(left, 'alert')} more"
    if firing and len(everything) > len(firing):
        yield f"{len(everything) - len(firing)} resolved"


def _line(alert: Alert) -> str:
    words = words_of(alert)
    line = escape(blocks.cut(f"{alert.name} {alert.status}{': ' + words if words else ''}", MAX_LINE_CHARS))
    if not _WEB_ADDRESS.fullmatch(alert.generator_url):
        return line
    with_link = f"{line} ({blocks.link(alert.generator_url, 'rule')})"
    return with_link if len(with_link) <= blocks.MAX_CONTEXT_CHARS else line


def earlier_line(incident: Incident) -> Iterator[str]:
    """Yield how often the same alert came before, and when last, where that was looked up."""
    earlier = incident.earlier
    if earlier is None:
        return
    if not earlier.count:
        yield "no earlier incident of this alert is known"
        return
    said = f"{counted(earlier.count, 'earlier incident')} of this alert, the last {escape(earlier.last)}"
    if earlier.opened_at:
        said += f", {blocks.moment(earlier.opened_at)}"
    if earlier.opened_at and earlier.closed_at:
        said += f", {duration(earlier.closed_at - earlier.opened_at)} long"
    yield said


def words_of(alert: Alert) -> str:
    """Return an alert's summary; without one, its description, message and instance."""
    if summary := _one_line(alert.annotations.get("summary", "")):
        return summary
    said = (
        alert.annotations.get("description"),
        alert.annotations.get("message"),
        alert.labels.get("instance"),
    )
    return " · ".join(filter(None, (_one_line(each or "") for each in said)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
