"""Place events as flags over a timeline, each in the first free row, later ones below earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.pictures.drawing import glyphs, lettering
from bot.pictures.drawing.palette import CARD, FAILED, GOOD, INK, OPEN, QUIET
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Disc, Line, Panel, Point, Polygon, Shape, Words
from bot.pictures.elections.series import Mark, MarkKind
from bot.pictures.elections.time_axis import TimeAxis, clock_time

MAX_LABELLED = 7
"""From more flags on, the steps of a run share one label."""
ROW = 48
NOTCH = 18
SIGN = 26
"""Half a sign with the air beside it, in pixels."""
COLOURS: dict[MarkKind, str] = {
    "alert": FAILED,
    "plan": OPEN,
    "step": OPEN,
    "stopped": FAILED,
    "verified": GOOD,
    "resolved": QUIET,
}


@dataclass(frozen=True)
class Flag:
    """A mark's position: its moment, its row from the top, and the box around its words, if any."""

    mark: Mark
    x: float
    row: int
    words: str
    box: Box | None

    @property
    def left(self) -> float:
        """Return the left edge of sign and words together, in pixels."""
        return min(self.box.left if self.box else self.x, self.x - SIGN)

    @property
    def right(self) -> float:
        """Return the right edge, in pixels."""
        return max(self.box.right if self.box else self.x, self.x + SIGN)


def flags(marks: Sequence[Mark], axis: TimeAxis, top: float) -> tuple[Flag, ...]:
    """Place the marks in order of time, so that no words lie on words."""
    placed: list[Flag] = []
    for mark, words in _worded(sorted(marks, key=lambda mark: mark.at)):
        x = axis.x(mark.at)
        if not words:
            placed.append(Flag(mark, x, 0, "", None))
            continue
        wide = lettering.width(words, SMALL) + 8
        left = x + SIGN if x + SIGN + wide <= WIDTH - MARGIN / 2 else max(x - SIGN - wide, MARGIN / 2)
        row = _row(placed, x, left, left + wide)
        y = top + row * ROW
        placed.append(Flag(mark, x, row, words, Box(left, y, left + wide, y + ROW - 4)))
    return tuple(placed)


def _worded(marks: list[Mark]) -> Iterator[tuple[Mark, str]]:
    """Yield each flag with its words and time; many steps are counted on the first of them."""
    steps = [mark for mark in marks if mark.kind == "step"]
    crowded = len(marks) > MAX_LABELLED and len(steps) > 1
    for mark in marks:
        if crowded and mark.kind == "step":
            first, last = clock_time(steps[0].at), clock_time(steps[-1].at)
            yield mark, f"{first} to {last} {len(steps)} steps" if mark is steps[0] else ""
        else:
            yield mark, lettering.fitted(f"{clock_time(mark.at)} {mark.words}", SMALL, WIDTH * 0.6)


def _row(placed: list[Flag], x: float, left: float, right: float) -> int:
    """Return the row below every flag that reaches over here, so that its line starts below their words."""
    left, right = min(left, x - SIGN), max(right, x + SIGN)
    over = [flag.row for flag in placed if flag.box and flag.left < right and left < flag.right]
    return max(over, default=-1) + 1


def height(placed: Sequence[Flag]) -> float:
    """Return how much room flags take above the plot, in pixels."""
    return (max((flag.row for flag in placed), default=-1) + 1) * ROW


def flag_shapes(placed: Sequence[Flag], top: float, bottom: float) -> Iterator[Shape]:
    """Yield the lines first, each down to the bottom of the plot; a flag without words is only a notch."""
    for flag in placed:
        y = top + flag.row * ROW + ROW / 2 if flag.box else bottom - NOTCH
        yield Line(((flag.x, y), (flag.x, bottom)), COLOURS[flag.mark.kind], 3, (10, 8) if flag.box else ())
    for flag in placed:
        y = top + flag.row * ROW + ROW / 2 - 2
        if flag.box:
            yield Panel(flag.box, CARD)
            yield Words(flag.words, (flag.box.left + 4, y), SMALL, INK)
            yield from sign(flag.mark.kind, (flag.x, y))


def sign(kind: MarkKind, at: Point) -> tuple[Shape, ...]:
    """Draw the shape of a kind of mark."""
    return tuple(_SIGNS[kind](at, COLOURS[kind]))


def _warning(at: Point, colour: str) -> Iterator[Shape]:
    x, y = at
    yield Polygon(((x, y - 20), (x + 21, y + 17), (x - 21, y + 17)), colour)
    yield Words("!", (x, y + 5), 26, CARD, bold=True, anchor="mm")


def _diamond(at: Point, colour: str) -> Iterator[Shape]:
    x, y = at
    yield Polygon(((x, y - 20), (x + 20, y), (x, y + 20), (x - 20, y)), colour)


_SIGNS: dict[MarkKind, Callable[[Point, str], Iterable[Shape]]] = {
    "alert": _warning,
    "plan": _diamond,
    "step": lambda at, colour: (Disc(at, 12, colour),),
    "stopped": lambda at, colour: (Disc(at, 18, colour), *glyphs.strokes_of_a_cross(at, 8, CARD)),
    "verified": lambda at, colour: (Disc(at, 18, colour), *glyphs.tick(at, 9, CARD)),
    "resolved": lambda at, colour: (Disc(at, 13, CARD, colour, 5),),
}
