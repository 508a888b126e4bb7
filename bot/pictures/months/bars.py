"""Bars of a month: the minutes that were used of the objective, and how many incidents each cause had."""

from __future__ import annotations

from bot.month_words import NO_CAUSE
from bot.pictures.drawing import lettering
from bot.pictures.drawing.frame import Section
from bot.pictures.drawing.palette import FAILED, FAINT, GOOD, INK, OPEN, QUIET, UNKNOWN
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Line, Panel, Shape, Words
from handlers.domain.history.month import Held, MonthReport

BAR = 34.0
NAMES = 500.0
"""Pixels for the names of causes, left of their bars."""

COUNTS = 60.0
COLOURS = {Held.MISSED: FAILED, Held.UNDETERMINED: UNKNOWN}


def budget(report: MonthReport, top: float) -> Section:
    """Lay out the minutes used, up to the objective; nothing where there is none.

    What goes over the objective ends at a stroke in the bar, which stands for the objective.
    """
    allowed = report.objective.allowed
    if not allowed:
        return Section((), top)
    left, right = float(MARGIN), float(WIDTH - MARGIN)
    used = report.leaderless / allowed
    reach = right - left
    limit = left + reach / max(used, 1.0)
    shapes: list[Shape] = [Panel(Box(left, top, right, top + BAR), FAINT)]
    if used:
        end = left + max(reach * used / max(used, 1.0), 4.0)
        shapes.append(Panel(Box(left, top, end, top + BAR), COLOURS.get(report.held, GOOD)))
    shapes.append(Line(((limit, top - 6), (limit, top + BAR + 6)), INK, 4))
    return Section(tuple(shapes), top + BAR + 26)


def causes(counts: list[tuple[str, int]], top: float) -> Section:
    """Lay out a bar for each cause, the most frequent first."""
    most = max((count for _, count in counts), default=1)
    room = WIDTH - 2 * MARGIN - NAMES - COUNTS
    if not counts:
        return Section((), top)
    shapes: list[Shape] = [Words("causes", (MARGIN, top + SMALL / 2), SMALL, INK, bold=True)]
    y = top + SMALL * 1.4
    for title, count in counts:
        middle = y + BAR / 2
        shapes.append(Words(lettering.fitted(title, SMALL, NAMES - 20), (MARGIN, middle), SMALL, INK))
        end = MARGIN + NAMES + room * count / most
        colour = UNKNOWN if title == NO_CAUSE else OPEN
        shapes.append(Panel(Box(MARGIN + NAMES, y, end, y + BAR), colour))
        shapes.append(Words(str(count), (end + 14, middle), SMALL, QUIET))
        y += BAR + 14
    return Section(tuple(shapes), y)
