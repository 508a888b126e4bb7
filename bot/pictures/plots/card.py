"""The plot of a query: a line for each series, the limit of the rule, and when the alert came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import partial

from bot.pictures.drawing import frame, glyphs, lettering
from bot.pictures.drawing.frame import Sign
from bot.pictures.drawing.painter import png
from bot.pictures.drawing.palette import CANDIDATE, FAILED, FAINT, GOOD, GOSSIP, LEADER, OPEN, QUIET
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH, Picture
from bot.pictures.drawing.shapes import Box, Disc, Drawing, Line, Panel, Point, Polygon, Shape, Words, around
from bot.pictures.elections.flags import flag_shapes, flags, height
from bot.pictures.elections.series import Mark
from bot.pictures.elections.time_axis import TimeAxis
from bot.pictures.plots.plot import Curve, Plot
from bot.pictures.plots.scale import Scale, figure, scale_of
from runbooks.wording import counted

FIGURES = 130
"""The room for the scale's figures, in pixels."""

CHART = 440
MARK_EVERY = 170.0
"""Pixels between two marks of a curve, which tell it apart without its colour."""


@dataclass(frozen=True)
class _Look:
    """A curve's colour, and the mark that it has beside it."""

    colour: str
    mark: Callable[[Point, str], Iterable[Shape]]


def _square(at: Point, colour: str) -> Iterator[Shape]:
    yield Panel(around(at, 18, 18), colour)


def _diamond(at: Point, colour: str) -> Iterator[Shape]:
    x, y = at
    yield Polygon(((x, y - 13), (x + 13, y), (x, y + 13), (x - 13, y)), colour)


_LOOKS = (
    _Look(OPEN, lambda at, colour: (Disc(at, 10, colour),)),
    _Look(GOSSIP, _square),
    _Look(GOOD, lambda at, colour: glyphs.triangle(at, 13, colour)),
    _Look(CANDIDATE, _diamond),
    _Look(LEADER, lambda at, colour: glyphs.strokes_of_a_cross(at, 9, colour)),
    _Look(QUIET, lambda at, colour: glyphs.star(at, 15, colour)),
)


def query_plot(plot: Plot) -> Picture:
    """Draw the series; call it through `draw.draw_query_plot`."""
    drawing = layout(plot)
    return Picture(png(drawing), alt_text(plot), drawing.width, drawing.height)


def layout(plot: Plot) -> Drawing:
    """Lay out the card: the title, the alert's flag, the lines on their scale, times, legend."""
    head = frame.header(plot.title, "unknown", (_limit_words(plot) or "No limit is known.", _place(plot)))
    axis = TimeAxis(plot.start, plot.end, MARGIN + FIGURES, WIDTH - MARGIN)
    flagged = flags((Mark(plot.alerted_at, "alert", "alert came"),), axis, head.bottom)
    top = head.bottom + height(flagged) + 16
    box = Box(axis.left, top, axis.right, top + CHART)
    scale = scale_of(plot.values, box.top, box.bottom)
    foot = frame.legend(tuple(_signs(plot)), box.bottom + 60, " ".join(_not_drawn(plot)))
    shapes = (
        *head.shapes,
        *_grid(axis, scale, box),
        *_limit(plot, scale, box),
        *flag_shapes(flagged, head.bottom, box.bottom),
        *(
            shape
            for curve, look in zip(plot.curves, _LOOKS, strict=False)
            for shape in _curve(curve, look, axis, scale, plot.step_s)
        ),
        *foot.shapes,
    )
    return Drawing(WIDTH, round(foot.bottom + MARGIN / 2), shapes)


def alt_text(plot: Plot) -> str:
    """Return what the plot shows: from where to where each series went, and the limit."""
    went = "; ".join(
        f"{curve.name} from {figure(curve.samples[0].value)} to {figure(curve.samples[-1].value)}"
        for curve in plot.curves
    )
    said = (f"{plot.title}, {_place(plot)}: {went}.", *_not_drawn(plot), _limit_words(plot))
    return " ".join(filter(None, said))[:1_900]


def _not_drawn(plot: Plot) -> Iterator[str]:
    """Yield a sentence for each kind of thing that the answer has and the picture has not."""
    if plot.left_out:
        yield f"{plot.left_out} more series are not drawn."
    if plot.no_numbers:
        yield f"{counted(plot.no_numbers, 'sample')} not drawn: NaN or infinite."


def _place(plot: Plot) -> str:
    start, end = plot.start.astimezone(UTC), plot.end.astimezone(UTC)
    return f"{plot.cluster} · {start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC"


def _limit_words(plot: Plot) -> str:
    return "" if plot.limit is None else f"The rule compares with {figure(plot.limit)}."


def _grid(axis: TimeAxis, scale: Scale, box: Box) -> Iterator[Shape]:
    for x, words in axis.ticks():
        yield Line(((x, box.top), (x, box.bottom)), FAINT, 2)
        yield Words(words, (x, box.bottom + 28), SMALL, QUIET, anchor="mm")
    for value in scale.ticks():
        y = scale.y(value)
        yield Line(((box.left, y), (box.right, y)), FAINT, 2)
        yield Words(figure(value), (box.left - 14, y), SMALL, QUIET, anchor="rm")


def _limit(plot: Plot, scale: Scale, box: Box) -> Iterator[Shape]:
    if plot.limit is not None:
        y = scale.y(plot.limit)
        yield Line(((box.left, y), (box.right, y)), FAILED, 4, (18, 12))


def _curve(curve: Curve, look: _Look, axis: TimeAxis, scale: Scale, step_s: float) -> Iterator[Shape]:
    """Draw a curve, broken at its gaps, with its mark now and then and at its end."""
    marked = float("-inf")
    for run in curve.runs(step_s):
        points = [(axis.x(sample.at), scale.y(sample.value)) for sample in run]
        if len(points) > 1:
            yield Line(tuple(points), look.colour, 5)
        for point in points:
            if point[0] - marked >= MARK_EVERY or point == points[-1]:
                marked = point[0]
                yield from look.mark(point, look.colour)


def _signs(plot: Plot) -> Iterator[Sign]:
    for curve, look in zip(plot.curves, _LOOKS, strict=False):
        name = lettering.fitted(curve.name, SMALL, WIDTH / 2)
        yield Sign(partial(_sample, look), 60, f"{name}: {figure(curve.samples[-1].value)}")
    if plot.limit is not None:
        yield Sign(_dashes, 60, f"limit: {figure(plot.limit)}")


def _sample(look: _Look, at: Point) -> tuple[Shape, ...]:
    x, y = at
    return (Line(((x, y), (x + 60, y)), look.colour, 5), *look.mark((x + 30, y), look.colour))


def _dashes(at: Point) -> tuple[Shape, ...]:
    return (Line((at, (at[0] + 60, at[1])), FAILED, 4, (18, 12)),)
