"""The ring's cards and arrows as shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from bot.pictures.drawing import glyphs
from bot.pictures.drawing.palette import (
    CARD,
    FAILED,
    GOSSIP,
    ISLANDS,
    OPEN,
    STOPPED,
    UNKNOWN,
)
from bot.pictures.drawing.picture import SMALL
from bot.pictures.drawing.shapes import Line, Panel, Point, Polygon, Shape, Words
from bot.pictures.links.arrows import Arrow
from bot.pictures.links.cards import card_shapes
from bot.pictures.links.model import WayState
from bot.pictures.links.ring import Ring

COLOURS = {
    WayState.OPEN: OPEN,
    WayState.FAILED: FAILED,
    WayState.GOSSIP_FAILED: GOSSIP,
    WayState.UNKNOWN: UNKNOWN,
}
DASHES: dict[WayState, tuple[float, ...]] = {
    WayState.OPEN: (),
    WayState.FAILED: (20, 16),
    WayState.GOSSIP_FAILED: (26, 12, 1, 12),
    WayState.UNKNOWN: (1, 15),
}
_THICK = {WayState.OPEN: 5.0, WayState.FAILED: 6.0, WayState.GOSSIP_FAILED: 6.0, WayState.UNKNOWN: 5.0}
_DEPTH = {WayState.UNKNOWN: 0, WayState.OPEN: 1, WayState.GOSSIP_FAILED: 2, WayState.FAILED: 3}
"""What is drawn first lies under the rest."""


def ring_shapes(ring: Ring, quorum: int) -> tuple[Shape, ...]:
    """Islands at the very back, then what is not known, open ways, failures, marks with labels, and cards."""
    arrows = sorted(ring.arrows, key=lambda arrow: (_DEPTH[arrow.state], arrow.is_bundle))
    islands = zip(ring.islands, itertools.cycle(ISLANDS), strict=False)
    return (
        *(shape for outline, fill in islands for shape in _island(outline, fill)),
        *(shape for arrow in arrows for shape in _line(arrow, ring.roomy)),
        *(shape for arrow in arrows for shape in _mark(arrow)),
        *card_shapes(ring, quorum),
    )


def _island(outline: tuple[Point, ...], fill: str) -> tuple[Shape, ...]:
    return Polygon(outline, fill), Line((*outline, outline[0]), fill, 32)


def _line(arrow: Arrow, roomy: bool) -> Iterator[Shape]:
    colour, start, end = COLOURS[arrow.state], arrow.start, arrow.end
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    towards = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    scale = 1.8 if arrow.is_bundle else 1 if roomy else 0.65
    thick, head = _THICK[arrow.state] * scale, min(26 * max(scale, 0.75), length * 0.35)
    if arrow.mark and arrow.state is WayState.FAILED and not arrow.two_ways:
        yield Line((arrow.mark.centre, end), STOPPED, 3)
        end = _before(arrow.mark.centre, towards, (arrow.mark.right - arrow.mark.left) / 2)
    near = _before(start, towards, -head * 0.8) if arrow.two_ways else start
    yield Line((near, _before(end, towards, head * 0.8)), colour, thick, DASHES[arrow.state])
    yield glyphs.arrowhead(end, towards, head, colour)
    if arrow.two_ways:
        yield glyphs.arrowhead(start, (-towards[0], -towards[1]), head, colour)


def _before(point: Point, towards: Point, by: float) -> Point:
    return point[0] - towards[0] * by, point[1] - towards[1] * by


def _mark(arrow: Arrow) -> Iterator[Shape]:
    if arrow.label:
        yield Panel(arrow.label, CARD, 8)
        yield Words(arrow.words, arrow.label.centre, SMALL, COLOURS[arrow.state], anchor="mm")
    if arrow.mark:
        radius = (arrow.mark.right - arrow.mark.left) / 2
        yield from sign(arrow.state, arrow.mark.centre, radius)


def sign(state: WayState, at: Point, radius: float) -> tuple[Shape, ...]:
    """The mark of a state; only what fails has one."""
    match state:
        case WayState.FAILED:
            return glyphs.cross(at, radius)
        case WayState.GOSSIP_FAILED:
            return glyphs.square_cross(at, radius)
        case WayState.OPEN | WayState.UNKNOWN:
            return ()
