"""Put a month's picture into words, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator

from bot import month_words
from handlers.domain.history.month import MonthReport
from runbooks.wording import counted, listed

MAX_INCIDENTS = 10


def alt_text(report: MonthReport) -> str:
    """Return what the picture shows: the objective, the incidents by day, the causes, what is missing."""
    return " ".join(f"{sentence}." for sentence in _sentences(report))


def _sentences(report: MonthReport) -> Iterator[str]:
    incidents = counted(len(report.accounts), "incident")
    yield f"{report.cluster} in {month_words.title(report)}: {incidents}"
    yield f"Without a leader for {month_words.minutes(report)}; {month_words.verdict(report)}"
    ended = [f"{each.id} on day {each.opened_at.day}: {each.outcome.value}" for each in report.accounts]
    if ended:
        yield listed(ended, MAX_INCIDENTS)
    if causes := month_words.causes(report):
        yield f"Causes: {listed([f'{title} {count}' for title, count in causes])}"
    if report.offenders:
        yield f"Named again and again: {month_words.offenders(report)}"
    yield from month_words.gaps(report)
