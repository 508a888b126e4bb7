"""The signs of a node: its role, whether it reaches a majority, and how far its clock is off."""

from __future__ import annotations

from collections.abc import Callable

from bot.pictures.drawing import glyphs
from bot.pictures.drawing.palette import CANDIDATE, CARD, FAILED, FOLLOWER, GOOD, LEADER, STAR, UNKNOWN
from bot.pictures.drawing.picture import SMALL
from bot.pictures.drawing.shapes import Disc, Point, Shape, Words
from bot.pictures.links.model import NodeMark, NodeRole


def emblem(standing: NodeRole, at: Point, radius: float) -> tuple[Shape, ...]:
    """Draw the sign of a node's role."""
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


def verdict(node: NodeMark, quorum: int, at: Point) -> tuple[Shape, ...]:
    """Draw whether a node reaches a majority: tick, cross, or question mark."""
    sure, at_most = node.reaches
    if sure >= quorum:
        return glyphs.tick(at, 15, GOOD)
    if at_most < quorum:
        return glyphs.strokes_of_a_cross(at, 13, FAILED)
    return (Words("?", at, SMALL, UNKNOWN, bold=True, anchor="mm"),)


def clock(offset_ms: float) -> str:
    """Return an offset in words: `+620 ms`, or `-12.4 s` from one second on."""
    return f"{offset_ms / 1000:+.1f} s" if abs(offset_ms) >= 1_000 else f"{offset_ms:+.0f} ms"
