"""A ring's cards as shapes: sign, name, standing, term, how many it reaches, and a clock that is off."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.pictures.drawing import glyphs, lettering
from bot.pictures.drawing.palette import (
    CANDIDATE,
    CARD,
    CLOCK_ON_DARK,
    FAILED,
    FOLLOWER,
    GOOD,
    INK,
    LEADER,
    PALE,
    QUIET,
    STAR,
    UNKNOWN,
)
from bot.pictures.drawing.picture import SMALL, TEXT
from bot.pictures.drawing.shapes import Disc, Panel, Point, Shape, Words
from bot.pictures.links.model import NodeMark, NodeRole
from bot.pictures.links.ring import Card, Ring

EDGE = 10
_EDGES = {NodeRole.DOWN: FAILED, NodeRole.UNKNOWN: UNKNOWN}


def card_shapes(ring: Ring, quorum: int) -> Iterator[Shape]:
    """Every card, with names that stay apart when they are shortened."""
    box = ring.cards[0].box
    room = box.right - box.left - 2 * _emblem_at(ring) + 4 - EDGE
    names = lettering.fitted_names([card.node.name for card in ring.cards], TEXT + 2, room)
    for card in ring.cards:
        yield from _card(card, names[card.node.name], quorum, ring)


def _emblem_at(ring: Ring) -> float:
    """How far from the left the middle of a card's sign is; the words begin at twice that."""
    return 36 if ring.roomy else 30


def _card(card: Card, name: str, quorum: int, ring: Ring) -> Iterator[Shape]:
    node, box = card.node, card.box
    dark, emblem_at = node.standing is NodeRole.LEADER, _emblem_at(ring)
    ink, quiet = (CARD, PALE) if dark else (INK, QUIET)
    yield Panel(box, LEADER if dark else CARD, 22, _EDGES.get(node.standing, LEADER), 5)
    lines = ((name, "name"), *_lines(node, len(ring.cards), ring.roomy))
    step = min(46, (box.bottom - box.top - 14) / len(lines))
    y, left = box.centre[1] - step * (len(lines) - 1) / 2, box.left + emblem_at * 2 - 4
    for place, (text, kind) in enumerate(lines):
        bold, size = kind in ("name", "clock"), min(TEXT + 2 if kind == "name" else SMALL, step * 0.92)
        colour = {"name": ink, "clock": CLOCK_ON_DARK if dark else FAILED}.get(kind, quiet)
        size = lettering.shrunk(text, size, box.right - left - EDGE, bold)
        said = lettering.fitted(text, size, box.right - left - EDGE, bold)
        yield Words(said, (left, y), size, colour, bold)
        if not place:
            yield from emblem(node.standing, (box.left + emblem_at, y), 22)
        elif kind == "reach":
            yield from verdict(node, quorum, (box.left + emblem_at, y), dark)
        y += step


def _lines(node: NodeMark, count: int, roomy: bool) -> Iterator[tuple[str, str]]:
    """What stands below a name, each with its kind; a narrow one leaves the role to its sign."""
    silent = node.standing in (NodeRole.DOWN, NodeRole.UNKNOWN)
    if roomy or silent or node.term is None:
        yield node.standing.value, "standing"
    if not silent:
        if node.term is not None:
            yield f"term {node.term}", "term"
        sure, at_most = node.reaches
        spread = str(sure) if sure == at_most else f"{sure}{' to ' if roomy else '-'}{at_most}"
        yield f"{'reaches ' if roomy and sure == at_most else ''}{spread} of {count}", "reach"
    if node.clock_off_ms is not None:
        yield f"{'clock ' if roomy else ''}{clock(node.clock_off_ms)}", "clock"


def emblem(standing: NodeRole, at: Point, radius: float) -> tuple[Shape, ...]:
    """The sign of what a node is."""
    return _EMBLEMS[standing](at, radius)


_EMBLEMS: dict[NodeRole, Callable[[Point, float], tuple[Shape, ...]]] = {
    NodeRole.LEADER: lambda at, r: (Disc(at, r * 1.15, LEADER), *glyphs.star(at, r * 1.05, STAR)),
    NodeRole.CLAIMANT: lambda at, r: glyphs.star(at, r * 1.1, FAILED),
    NodeRole.CANDIDATE: lambda at, r: glyphs.triangle(at, r * 0.8, CANDIDATE),
    NodeRole.FOLLOWER: lambda at, r: (Disc(at, r * 0.6, FOLLOWER),),
    NodeRole.RUNNING: lambda at, r: (Disc(at, r * 0.55, CARD, FOLLOWER, r * 0.2),),
    NodeRole.DOWN: lambda at, r: glyphs.strokes_of_a_cross(at, r * 0.7, FAILED),
    NodeRole.UNKNOWN: glyphs.question,
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
