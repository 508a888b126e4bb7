"""Terms over time: a step line for each node, broken at its gaps; written out where they end apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from bot.pictures.drawing import lettering
from bot.pictures.drawing.palette import FAINT, INK, QUIET, TERM
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Disc, Line, Point, Shape, Words
from bot.pictures.elections.series import ElectionSeries
from bot.pictures.elections.time_axis import TimeAxis

MAX_ENDINGS = 3


def term_shapes(series: ElectionSeries, axis: TimeAxis, box: Box) -> Iterator[Shape]:
    """Draw the lines with their scale on the left and their last terms on the right."""
    low, high = series.terms or (0, 1)
    scale = (box.bottom - box.top) / max(high - low, 1)

    def y(term: int) -> float:
        return box.bottom - (term - low) * scale if high > low else box.centre[1]

    yield Words("term", (MARGIN, box.top), SMALL, INK, bold=True)
    for term in sorted({low, high}) if series.terms else ():
        yield Line(((box.left, y(term)), (box.right, y(term))), FAINT, 3)
        yield Words(str(term), (box.left - 14, y(term)), SMALL, QUIET, anchor="rm")
    for story in series.stories:
        for run in story.runs:
            yield from _steps([(axis.x(said.at), y(said.term)) for said in run if said.term is not None])
    yield from _endings(series, box, y)


def _steps(points: list[Point]) -> Iterator[Shape]:
    if len(points) == 1:
        yield Disc(points[0], 5, TERM)
    corners = [corner for (_, ay), (bx, by) in pairwise(points) for corner in ((bx, ay), (bx, by))]
    if corners:
        yield Line(tuple(_straightened([points[0], *corners])), TERM, 5)


def _straightened(points: list[Point]) -> Iterator[Point]:
    """Drop the points in the middle of a straight stretch."""
    yield points[0]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if not (before[1] == here[1] == after[1] or before[0] == here[0] == after[0]):
            yield here
    yield points[-1]


def _endings(series: ElectionSeries, box: Box, y: Callable[[int], float]) -> Iterator[Shape]:
    """Name who ends at which term, the highest first, where the last terms differ."""
    ended: dict[int, list[str]] = defaultdict(list)
    for story in series.stories:
        terms = [sample.term for sample in story.samples if sample.term is not None]
        if terms:
            ended[terms[-1]].append(story.node)
    if len(ended) < 2:
        return
    left, place = box.right + 18, 0.0
    for term in sorted(ended, reverse=True)[:MAX_ENDINGS]:
        place = max(y(term), place + SMALL * 1.1)
        who = ended[term][0] if len(ended[term]) == 1 else f"{len(ended[term])} nodes"
        yield Words(lettering.fitted(who, SMALL, WIDTH - MARGIN / 2 - left), (left, place), SMALL, INK)
