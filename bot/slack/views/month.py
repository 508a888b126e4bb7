"""A month of a cluster's incidents as an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot import month_words
from bot.evidence_tables import columns
from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape
from handlers.domain.history.month import Held, MonthReport
from runbooks.wording import counted

MARKS = {
    Held.HELD: ":large_green_circle:",
    Held.SO_FAR: ":large_green_circle:",
    Held.MISSED: ":red_circle:",
    Held.UNDETERMINED: ":white_circle:",
    Held.NO_OBJECTIVE: ":white_circle:",
}
MAX_ROWS = 15
"""Lines of a table that one reads at a glance; the newest are the last."""


def answer(report: MonthReport) -> tuple[str, list[Block]]:
    """Return (text, blocks): the objective, causes, nodes, times, incidents, and what is missing."""
    incidents = counted(len(report.accounts), "incident")
    text = f"{report.cluster}, {month_words.title(report)}: {incidents}"
    return f"{text}, without a leader for {month_words.minutes(report)}", [
        blocks.section(f"*{escape(report.cluster)}*, {month_words.title(report)}: {incidents}"),
        blocks.section("\n".join(_lines(report))),
        *_tables(report),
        blocks.context(*map(escape, month_words.gaps(report)), "months are in UTC"),
    ]


def _lines(report: MonthReport) -> Iterator[str]:
    lost, verdict = month_words.minutes(report), month_words.verdict(report)
    yield f"{MARKS[report.held]} *Without a leader*: {lost}; {verdict}"
    yield f"_{escape(month_words.source(report))}_"
    if causes := month_words.causes(report):
        yield f"*Causes*: {', '.join(f'{escape(title)} {count}' for title, count in causes)}"
    if report.offenders:
        yield f"*Named again and again*: {escape(month_words.offenders(report))}"
    if false := report.false_alarms:
        of = f"{len(false)} of {len(report.accounts)}"
        yield f"*False alarms*: {of}; nothing was wrong by the time the cluster was read"


def _tables(report: MonthReport) -> Iterator[Block]:
    if not report.accounts:
        return
    yield blocks.preformatted(columns([month_words.TIME_HEADINGS, *month_words.times(report)]))
    rows = month_words.rows(report)
    yield blocks.preformatted(columns([month_words.HEADINGS, *rows[-MAX_ROWS:]]))
    if len(rows) > MAX_ROWS:
        earlier = counted(len(rows) - MAX_ROWS, "earlier incident")
        yield blocks.context(f"and {earlier}: `neumann-bot incidents month` prints all")
