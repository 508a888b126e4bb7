"""One cell of the matrix: how one node's connections to another's two ports went."""

from __future__ import annotations

from collections.abc import Iterator

from bot.pictures.drawing import glyphs, lettering
from bot.pictures.drawing.palette import CARD, FAILED, GOSSIP, OPEN, UNKNOWN, UNSEEN
from bot.pictures.drawing.picture import SMALL
from bot.pictures.drawing.shapes import Box, Panel, Shape, Words, around
from bot.pictures.links.model import Way, WayState

LINE = 36
"""From one line of a cell's words to the next, in pixels."""


def cell(way: Way, box: Box) -> Iterator[Shape]:
    """Draw one way: a small mark is open, a full cell fails, half a one is gossip, an empty one is not known.

    What failed stands below the mark where there is room for it; the legend says it anyway.
    """
    (x, y), across, down = box.centre, box.right - box.left, box.bottom - box.top
    side = min(across, down)
    inner = box.grown(-min(1.5, side * 0.06))
    match way.state:
        case WayState.OPEN:
            yield Panel(around((x, y), across * 0.36, down * 0.36), OPEN, side * 0.18)
        case WayState.FAILED:
            yield Panel(inner, FAILED)
            lines = tuple(_fitting_words(way, inner))
            lift = len(lines) * LINE / 2
            if side >= 14:
                yield from glyphs.strokes_of_a_cross((x, y - lift), min(side * 0.24, 24), CARD)
            for number, line in enumerate(lines, 1):
                yield Words(line, (x, y - lift + 10 + number * LINE), SMALL, CARD, anchor="mm")
        case WayState.GOSSIP_FAILED:
            yield Panel(Box(inner.left, y, inner.right, inner.bottom), GOSSIP)
            yield Panel(around((x, (inner.top + y) / 2), across * 0.36, down * 0.2), OPEN, side * 0.1)
        case WayState.UNKNOWN:
            yield Panel(inner, None, 0, UNSEEN, 1)
            yield from [Words("?", (x, y), min(side * 0.6, 46), UNKNOWN, True, "mm")] if side >= 30 else ()


def _fitting_words(way: Way, box: Box) -> Iterator[str]:
    lines = way.words.split(", ")
    widest = max(lettering.width(line, SMALL) for line in lines)
    if widest < box.right - box.left - 8 and len(lines) * LINE + 48 < box.bottom - box.top:
        yield from lines
