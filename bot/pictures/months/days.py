"""The days of a month in a row: a mark for each incident, and the days of which nobody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

from bot.pictures.drawing import glyphs
from bot.pictures.drawing.frame import Section
from bot.pictures.drawing.palette import CARD, EDGE, FAILED, FAINT, GOOD, INK, OPEN, QUIET, UNKNOWN
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Disc, Line, Panel, Point, Polygon, Shape, Words
from handlers.domain.history.account import Account, Outcome
from handlers.domain.history.month import MonthReport

RADIUS = 14.0
ROW = 34.0
MAX_STACK = 8
"""Marks above each other in a day; of more the last is a count."""

LABELLED = (1, 8, 15, 22, 29)


def days(report: MonthReport, top: float) -> Section:
    """Lay out a column for each day up to the last of the month, oldest on the left."""
    count = (report.month.end - report.month.start).days
    wide = (WIDTH - 2 * MARGIN) / count
    stacks: dict[int, list[Account]] = defaultdict(list)
    for each in report.accounts:
        stacks[each.opened_at.day].append(each)
    highest = min(max(map(len, stacks.values()), default=1), MAX_STACK)
    shapes: list[Shape] = [Words("incidents by day", (MARGIN, top + SMALL / 2), SMALL, INK, bold=True)]
    top += SMALL * 1.4
    base = top + highest * ROW + 10
    for day in range(1, count + 1):
        x = MARGIN + wide * (day - 0.5)
        column = Box(x - wide / 2 + 1, top, x + wide / 2 - 1, base)
        if is_unkept(report, day):
            shapes.append(Panel(column, FAINT))
            shapes += [] if stacks[day] else [_question(column.centre)]
        shapes += _stack(stacks[day], x, base)
        if day in LABELLED:
            shapes.append(Words(str(day), (x, base + SMALL * 0.8), SMALL, QUIET, anchor="mm"))
    shapes.append(Line(((MARGIN, base), (WIDTH - MARGIN, base)), EDGE, 3))
    return Section(tuple(shapes), base + SMALL * 1.5)


def is_unkept(report: MonthReport, day: int) -> bool:
    """Return whether incidents of this day may be missing, as closed ones are kept only since later."""
    starts = report.month.start + timedelta(days=day - 1)
    return starts < report.until and (report.kept_since is None or starts < report.kept_since)


def _question(at: Point) -> Shape:
    return Words("?", at, SMALL * 0.8, UNKNOWN, anchor="mm")


def _stack(opened: list[Account], x: float, base: float) -> Iterator[Shape]:
    shown = opened if len(opened) <= MAX_STACK else opened[: MAX_STACK - 1]
    for level, each in enumerate(shown):
        yield from mark(each.outcome, (x, base - ROW * (level + 0.5) - 4))
    if left := len(opened) - len(shown):
        yield Words(f"+{left}", (x, base - ROW * (len(shown) + 0.5) - 4), SMALL * 0.8, QUIET, anchor="mm")


def mark(outcome: Outcome, at: Point) -> tuple[Shape, ...]:
    """Draw the mark of an outcome: each has a shape of its own beside its colour."""
    return tuple(_MARKS[outcome](at))


def _mended(at: Point) -> Iterator[Shape]:
    yield Disc(at, RADIUS, GOOD)
    yield from glyphs.tick(at, RADIUS * 0.5, CARD)


def _recovered(at: Point) -> Iterator[Shape]:
    yield Disc(at, RADIUS - 2, CARD, GOOD, 5)


def _open(at: Point) -> Iterator[Shape]:
    yield Disc(at, RADIUS, FAILED)
    yield from glyphs.strokes_of_a_cross(at, RADIUS * 0.42, CARD)


def _unproven(at: Point) -> Iterator[Shape]:
    yield from glyphs.question(at, RADIUS)


def _false_alarm(at: Point) -> Iterator[Shape]:
    x, y = at
    yield Polygon(((x, y - RADIUS), (x + RADIUS, y), (x, y + RADIUS), (x - RADIUS, y)), OPEN)


_MARKS: dict[Outcome, Callable[[Point], Iterator[Shape]]] = {
    Outcome.MENDED: _mended,
    Outcome.RECOVERED: _recovered,
    Outcome.OPEN: _open,
    Outcome.UNPROVEN: _unproven,
    Outcome.FALSE_ALARM: _false_alarm,
}
