"""The ring's cards and arrows as shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

from bot.pictures import glyphs, lettering
from bot.pictures.link_arrows import Arrow
from bot.pictures.link_ring import Card, Ring
from bot.pictures.links import NodeMark, Standing, WayState
from bot.pictures.palette import (
    CANDIDATE,
    CARD,
    CLOCK_ON_DARK,
    FAILED,
    FOLLOWER,
    GOOD,
    GOSSIP,
    INK,
    ISLANDS,
    LEADER,
    OPEN,
    PALE,
    QUIET,
    STAR,
    STOPPED,
    UNKNOWN,
)
from bot.pictures.picture import SMALL, TEXT
from bot.pictures.shapes import Disc, Line, Panel, Point, Polygon, Shape, Words

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
EMBLEM = 68
"""Where a card's words begin, right of its sign, in pixels."""
_EDGES = {Standing.DOWN: FAILED, Standing.UNKNOWN: UNKNOWN}
_THICK = {WayState.OPEN: 5.0, WayState.FAILED: 6.0, WayState.GOSSIP_FAILED: 6.0, WayState.UNKNOWN: 5.0}
_DEPTH = {WayState.UNKNOWN: 0, WayState.OPEN: 1, WayState.GOSSIP_FAILED: 2, WayState.FAILED: 3}
"""What is drawn first lies under the rest."""


def ring_shapes(ring: Ring, quorum: int) -> tuple[Shape, ...]:
    """Islands at the very back, then what is not known, open ways, failures, marks with labels, and cards."""
    arrows = sorted(ring.arrows, key=lambda arrow: (_DEPTH[arrow.state], arrow.is_bundle))
    islands = zip(ring.islands, itertools.cycle(ISLANDS), strict=False)
    room = ring.cards[0].box.right - ring.cards[0].box.left - EMBLEM - 12
    names = lettering.fitted_names([card.node.name for card in ring.cards], TEXT + 2, room)
    return (
        *(shape for outline, fill in islands for shape in _island(outline, fill)),
        *(shape for arrow in arrows for shape in _line(arrow, ring.roomy)),
        *(shape for arrow in arrows for shape in _mark(arrow)),
        *(shape for card in ring.cards for shape in _card(card, names[card.node.name], quorum, ring)),
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


def _card(card: Card, name: str, quorum: int, ring: Ring) -> Iterator[Shape]:
    node, box = card.node, card.box
    dark = node.standing is Standing.LEADER
    ink, quiet = (CARD, PALE) if dark else (INK, QUIET)
    yield Panel(box, LEADER if dark else CARD, 22, _EDGES.get(node.standing, LEADER), 5)
    lines = ((name, "name"), *_lines(node, len(ring.cards), ring.roomy))
    step = min(46, (box.bottom - box.top - 14) / len(lines))
    y, left = box.centre[1] - step * (len(lines) - 1) / 2, box.left + EMBLEM
    for place, (text, kind) in enumerate(lines):
        bold, size = kind in ("name", "clock"), min(TEXT + 2 if kind == "name" else SMALL, step * 0.92)
        colour = {"name": ink, "clock": CLOCK_ON_DARK if dark else FAILED}.get(kind, quiet)
        said = lettering.fitted(text, size, box.right - left - 12, bold)
        yield Words(said, (left, y), size, colour, bold)
        if not place:
            yield from emblem(node.standing, (box.left + 38, y), 22)
        elif kind == "reach":
            yield from verdict(node, quorum, (box.left + 38, y), dark)
        y += step


def _lines(node: NodeMark, count: int, roomy: bool) -> Iterator[tuple[str, str]]:
    """What stands below a name, each with its kind; a narrow one leaves the role to its sign."""
    silent = node.standing in (Standing.DOWN, Standing.UNKNOWN)
    if roomy or silent or node.term is None:
        yield node.standing.value, "standing"
    if not silent:
        if node.term is not None:
            yield f"term {node.term}", "term"
        sure, at_most = node.reaches
        range_ = str(sure) if sure == at_most else f"{sure} to {at_most}"
        yield f"{'reaches ' if roomy and sure == at_most else ''}{range_} of {count}", "reach"
    if node.clock_off_ms is not None:
        yield f"{'clock ' if roomy else ''}{clock(node.clock_off_ms)}", "clock"


def emblem(standing: Standing, at: Point, radius: float) -> tuple[Shape, ...]:
    """The sign of what a node is."""
    return _EMBLEMS[standing](at, radius)


_EMBLEMS: dict[Standing, Callable[[Point, float], tuple[Shape, ...]]] = {
    Standing.LEADER: lambda at, r: (Disc(at, r * 1.15, LEADER), *glyphs.star(at, r * 1.05, STAR)),
    Standing.CLAIMANT: lambda at, r: glyphs.star(at, r * 1.1, FAILED),
    Standing.CANDIDATE: lambda at, r: glyphs.triangle(at, r * 0.8, CANDIDATE),
    Standing.FOLLOWER: lambda at, r: (Disc(at, r * 0.6, FOLLOWER),),
    Standing.RUNNING: lambda at, r: (Disc(at, r * 0.55, CARD, FOLLOWER, r * 0.2),),
    Standing.DOWN: lambda at, r: glyphs.strokes_of_a_cross(at, r * 0.7, FAILED),
    Standing.UNKNOWN: glyphs.question,
}


def verdict(node: NodeMark, quorum: int, at: Point, dark: bool = False) -> tuple[Shape, ...]:
    """Whether it reaches a majority: tick, cross, or question mark."""
    sure, at_most = node.reaches
    if sure >= quorum:
        return glyphs.tick(at, 15, CARD if dark else GOOD)
    if at_most < quorum:
        return glyphs.strokes_of_a_cross(at, 13, FAILED)
    return (Words("?", at, SMALL, UNKNOWN, bold=True, anchor="mm"),)


def clock(offset_ms: float) -> str:
    """`+620 ms`, or `-12.4 s` from one second on."""
    return f"{offset_ms / 1000:+.1f} s" if abs(offset_ms) >= 1_000 else f"{offset_ms:+.0f} ms"
