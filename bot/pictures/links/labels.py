"""Where the crosses and the words of a ring's arrows go, so that none lies on another or on a card."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace

from bot.pictures.drawing import lettering
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Point, around, crosses
from bot.pictures.links.arrows import Arrow
from bot.pictures.links.model import WayState

_ALONG = (0.5, 0.4, 0.6, 0.32, 0.68, 0.26, 0.74)
"""Where on an arrow its mark may sit, best first."""

MANY = 4
"""From so many equal labels on, the legend says it once."""


def marked(arrows: Iterable[Arrow], cards: Collection[Box], radius: float) -> list[Arrow]:
    """Give every arrow that fails its mark, where none sits yet and no card is."""
    taken, placed = list(cards), []
    for arrow in sorted(arrows, key=lambda arrow: not arrow.is_bundle):
        if arrow.state in (WayState.OPEN, WayState.UNKNOWN):
            placed.append(arrow)
            continue
        size = radius * (3 if arrow.is_bundle else 2)
        spots = [around(_at(arrow, along), size, size) for along in _ALONG]
        free = (spot for spot in spots if not any(spot.grown(3).overlaps(box) for box in taken))
        spot = next(free, spots[0])
        taken.append(spot)
        placed.append(replace(arrow, mark=spot))
    return placed


def _at(arrow: Arrow, along: float) -> Point:
    (ax, ay), (bx, by) = arrow.start, arrow.end
    return ax + (bx - ax) * along, ay + (by - ay) * along


def labelled(arrows: list[Arrow], cards: Collection[Box]) -> tuple[Arrow, ...]:
    """Put its word beside each mark; where many say the same, or not all fit, the legend alone does."""
    said = [arrow.words for arrow in arrows if arrow.words]
    if len(said) >= MANY and len(set(said)) == 1:
        return tuple(arrows)
    taken = [*cards, *(arrow.mark for arrow in arrows if arrow.mark)]
    placed = []
    for arrow in arrows:
        spot = _label(arrow, taken, arrows) if arrow.words else None
        if arrow.words and spot is None:
            return tuple(arrows)
        taken += [spot] if spot else []
        placed.append(replace(arrow, label=spot))
    return tuple(placed)


def _label(arrow: Arrow, taken: list[Box], arrows: list[Arrow]) -> Box | None:
    """The place beside the mark that is free and covers the fewest lines."""
    wide, high = lettering.width(arrow.words, SMALL) + 12, SMALL * 1.2
    x, y = arrow.mark.centre if arrow.mark else _at(arrow, 0.5)
    reach = (arrow.mark.right - arrow.mark.left) / 2 + 3 if arrow.mark else 0
    beside, above = reach + wide / 2, reach + high / 2
    middles = [(x, y + above), (x, y - above), (x + beside, y), (x - beside, y)]
    card = Box(MARGIN / 2, 0, WIDTH - MARGIN / 2, math.inf)
    spots = (around(middle, wide, high) for middle in middles)
    free = [s for s in spots if s.within(card) and not any(s.overlaps(box) for box in taken)]
    return min(free, key=lambda spot: sum(crosses(spot, a.start, a.end) for a in arrows), default=None)
