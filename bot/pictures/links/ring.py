"""Up to nine nodes as a ring of cards, with an arrow for every way between them. Pure placement."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bot.pictures.drawing.picture import MARGIN, WIDTH
from bot.pictures.drawing.shapes import Box, Point, around, hull
from bot.pictures.links.arrows import Arrow, arrows
from bot.pictures.links.groups import Group, clean_cut, groups
from bot.pictures.links.labels import labelled, marked
from bot.pictures.links.model import LinkMap, NodeMark

MAX_RING_NODES = 9
ROOMY = 5
"""Up to so many nodes there is room for words on every card."""

_DOWNWARDS = {1: 0, 2: 0, 3: 330, 4: 280, 5: 420, 6: 430, 7: 480, 8: 550, 9: 590}
"""Half the ring's height for so many nodes, in pixels; its width is always the card's."""

APART = 0.5
"""The free place between two groups, in places."""

CLOCK_LINE = 40
"""How much taller the cards are where a clock is off, in pixels."""


@dataclass(frozen=True)
class Card:
    """A node's place."""

    node: NodeMark
    box: Box


@dataclass(frozen=True)
class Ring:
    """Every card and every arrow, in pixels from the top left of the picture.

    `islands` outline groups that reach each other, where there are several; `roomy` cards have a line for the
    role and one for the term.
    """

    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]
    islands: tuple[tuple[Point, ...], ...]
    roomy: bool

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return max(card.box.bottom for card in self.cards)


@dataclass(frozen=True)
class _Sizes:
    card: tuple[float, float]
    lane: float
    mark: float


def _sizes(count: int) -> _Sizes:
    if count <= ROOMY:
        return _Sizes(card=(300, 194), lane=15, mark=21)
    return _Sizes(card=(224, 152) if count <= 7 else (204, 146), lane=11, mark=17)


def ring(seen: LinkMap, top: float) -> Ring:
    """Place the nodes, those that reach each other side by side, and the arrows between them.

    Args:
        seen: What to show, of nine nodes at most.
        top: Where the ring may begin, in pixels.
    """
    roomy = len(seen.nodes) <= ROOMY
    sizes = _sizes(len(seen.nodes))
    taller = any(node.clock_off_ms is not None for node in seen.nodes) * CLOCK_LINE
    cards = _cards(seen, top, (sizes.card[0], sizes.card[1] + taller))
    boxes = {card.node.name: card.box for card in cards}
    drawn = marked(arrows(seen, boxes, sizes.lane, _bundled(seen)), boxes.values(), sizes.mark)
    return Ring(cards, labelled(drawn, boxes.values()), tuple(_islands(seen, boxes)), roomy)


def _bundled(seen: LinkMap) -> tuple[Group, ...]:
    """Groups of many nodes that are cleanly cut: single arrows between them would hide the cut."""
    cut = clean_cut(seen) if len(seen.nodes) > ROOMY else ()
    return cut if any(len(group) > 1 for group in cut) else ()


def _islands(seen: LinkMap, boxes: dict[str, Box]) -> Iterator[tuple[Point, ...]]:
    found = groups(seen)
    for group in found if len(found) > 1 else ():
        if len(group) > 1:
            yield hull(corner for name in group for corner in boxes[name].grown(6).corners)


def _cards(seen: LinkMap, top: float, size: tuple[float, float]) -> tuple[Card, ...]:
    """Clockwise from the top, or from the top left where the count is even: so the ring stands flat."""
    nodes, found = {node.name: node for node in seen.nodes}, groups(seen)
    order = [name for group in found for name in group]
    across, down = (WIDTH - size[0]) / 2 - MARGIN, _DOWNWARDS[len(order)]
    turns = _turns([len(group) for group in found] if _bundled(seen) else [len(order)])
    middles = [(WIDTH / 2 + across * math.cos(turn), down * math.sin(turn)) for turn in turns]
    lift = top + size[1] / 2 - min(y for _, y in middles)
    return tuple(
        Card(nodes[name], around((x, y + lift), *size)) for name, (x, y) in zip(order, middles, strict=True)
    )


def _turns(sizes: list[int]) -> list[float]:
    """The angle of each node of groups of these sizes, with air between groups, the first on the right."""
    count, gaps = sum(sizes), len(sizes) if len(sizes) > 1 else 0
    if count == 1:
        return [-math.pi / 2]  # across is no matter: there is one, and it stands in the middle
    step = 2 * math.pi / (count + gaps * APART)
    first = -math.pi / 2 - (0 if count % 2 else step / 2)
    if gaps:
        first = -step * (sizes[0] - 1) / 2
    places = [place + before * APART for place, before in zip(range(count), _gaps_before(sizes), strict=True)]
    return [first + step * place for place in places]


def _gaps_before(sizes: list[int]) -> list[int]:
    return [number for number, size in enumerate(sizes) for _ in range(size)]
