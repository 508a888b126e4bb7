"""A month of incidents for a terminal: the objective first, then what it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType

from bot import month_words
from bot.cli.terminal import Look, words
from handlers.domain.history.month import Held, MonthReport
from runbooks.wording import counted

STYLES: Mapping[Held, str] = {
    Held.HELD: "bold green",
    Held.SO_FAR: "bold green",
    Held.MISSED: "bold red",
    Held.UNDETERMINED: "bold magenta",
    Held.NO_OBJECTIVE: "",
}


def month(report: MonthReport, look: Look) -> Iterator[RenderableType]:
    """Yield the report; what is missing of the month is said at its end."""
    incidents = counted(len(report.accounts), "incident")
    title = f"{report.cluster}, {month_words.title(report)}: {incidents}"
    if look.is_plain:
        yield words(title)
    lost = f"without a leader: {month_words.minutes(report)}; {month_words.verdict(report)}"
    yield look.headline(lost, title, STYLES[report.held])
    yield words(month_words.source(report))
    if causes := month_words.causes(report):
        yield words(f"causes: {', '.join(f'{title} {count}' for title, count in causes)}")
    if report.offenders:
        yield words(f"named again and again: {month_words.offenders(report)}")
    if report.false_alarms:
        yield words(f"false alarms: {len(report.false_alarms)}, nothing was wrong by the time it was read")
    if report.accounts:
        yield look.table(month_words.TIME_HEADINGS, month_words.times(report))
        yield look.table(month_words.HEADINGS, month_words.rows(report))
    for gap in month_words.gaps(report):
        yield words(gap, "magenta")
