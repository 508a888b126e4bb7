"""The month's picture: minutes without a leader against the objective, incidents by day, causes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot import month_words
from bot.pictures.drawing import frame, lettering
from bot.pictures.drawing.frame import Mood, Section, Sign
from bot.pictures.drawing.painter import png
from bot.pictures.drawing.palette import INK, QUIET
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH, Picture
from bot.pictures.drawing.shapes import Drawing, Point, Shape, Words
from bot.pictures.months.alt_text import alt_text
from bot.pictures.months.bars import budget, causes
from bot.pictures.months.days import RADIUS, days, is_unkept, mark
from handlers.domain.history.account import Outcome
from handlers.domain.history.month import Held, MonthReport
from runbooks.wording import counted, duration

MOODS: dict[Held, Mood] = {
    Held.HELD: "good",
    Held.SO_FAR: "good",
    Held.MISSED: "bad",
    Held.UNDETERMINED: "unknown",
    Held.NO_OBJECTIVE: "unknown",
}
MAX_LINES = 3


def month_card(report: MonthReport) -> Picture:
    """Draw a month; call it through `draw.draw_month`."""
    drawing = layout(report)
    return Picture(png(drawing), alt_text(report), drawing.width, drawing.height)


def layout(report: MonthReport) -> Drawing:
    """Lay out the card: the answer, the objective, the days, the causes, what repeats, the legend."""
    head = frame.header(*_headline(report))
    used = budget(report, head.bottom + 10)
    by_day = days(report, used.bottom + 10)
    by_cause = causes(month_words.causes(report), by_day.bottom + 10)
    words = _words(report, by_cause.bottom + 10)
    foot = frame.legend(tuple(_signs(report)), words.bottom + 6, _caption(report))
    parts = (head, used, by_day, by_cause, words, foot)
    shapes = tuple(shape for part in parts for shape in part.shapes)
    return Drawing(WIDTH, round(foot.bottom + MARGIN / 2), shapes)


def _headline(report: MonthReport) -> tuple[str, Mood, tuple[str, ...]]:
    answer = f"{duration(report.leaderless)} without a leader"
    verdict = month_words.verdict(report)
    if report.held is not Held.NO_OBJECTIVE or report.unknown:
        verdict = f"{month_words.minutes(report)}; {verdict}"
    place = f"{report.cluster} · {month_words.title(report)} · {counted(len(report.accounts), 'incident')}"
    return answer, MOODS[report.held], (f"{verdict[:1].upper()}{verdict[1:]}.", place)


def _words(report: MonthReport, top: float) -> Section:
    """Lay out the medians, and the nodes that are named again and again."""
    known = [f"{what} {span}" for what, span, _ in month_words.times(report) if span != month_words.NOT_YET]
    lines = [f"Median time to {' · '.join(known)}"] if known else []
    lines += [f"Named again and again: {month_words.offenders(report)}"] if report.offenders else []
    shapes: list[Shape] = []
    y = top + SMALL / 2
    for line in lines:
        for part in lettering.wrapped(line, SMALL, WIDTH - 2 * MARGIN, MAX_LINES):
            shapes.append(Words(part, (MARGIN, y), SMALL, INK))
            y += SMALL * lettering.LINE_HEIGHT
    return Section(tuple(shapes), y)


def _signs(report: MonthReport) -> Iterator[Sign]:
    ended = {each.outcome for each in report.accounts}
    for outcome in Outcome:
        if outcome in ended:
            yield Sign(partial(_mark, outcome), 2 * RADIUS, outcome.value)
    if is_unkept(report, 1):
        yield Sign(_question, 2 * RADIUS, "day of which incidents may be missing")


def _caption(report: MonthReport) -> str:
    return "; ".join((f"minutes {month_words.source(report)}", *month_words.gaps(report)))


def _mark(outcome: Outcome, at: Point) -> tuple[Shape, ...]:
    return mark(outcome, (at[0] + RADIUS, at[1]))


def _question(at: Point) -> tuple[Shape, ...]:
    return (Words("?", (at[0] + RADIUS, at[1]), SMALL, QUIET, anchor="mm"),)
