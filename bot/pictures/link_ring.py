"""Up to nine nodes as a ring of cards, with an arrow for every way between them. Pure placement."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from bot.pictures import lettering
from bot.pictures.link_groups import clean_cut, groups
from bot.pictures.links import LinkMap, NodeMark, Way, WayState
from bot.pictures.picture import MARGIN, SMALL, WIDTH
from bot.pictures.shapes import Box, Point, around, crosses, hull

MOST_ON_A_RING = 9
ROOMY = 5
"""Up to so many nodes there is room for words on every card."""

_DOWNWARDS = {1: 0, 2: 0, 3: 330, 4: 280, 5: 420, 6: 430, 7: 480, 8: 550, 9: 590}
"""Half the ring's height for so many nodes, in pixels; its width is always the card's."""

_ALONG = (0.5, 0.4, 0.6, 0.32, 0.68, 0.26, 0.74)
"""Where on an arrow its mark may sit, best first."""

APART = 0.5
"""The free place between two groups, in places."""

CLOCK_LINE = 40
"""How much taller the cards are where a clock is off, in pixels."""

MANY = 4
"""From so many equal labels on, the legend says it once."""

GAP = 10
"""Between a card and the arrows that end at it."""


@dataclass(frozen=True)
class Card:
    """A node's place."""

    node: NodeMark
    box: Box


@dataclass(frozen=True)
class Arrow:
    """One way, or two that gave the same, as one line; `mark` is where its cross sits.

    A bundle is every way between two groups that a cut keeps apart, where single lines would hide it.
    """

    ways: tuple[Way, ...]
    start: Point
    end: Point
    mark: Box | None = None
    label: Box | None = None

    @property
    def state(self) -> WayState:
        """What it is drawn as."""
        return self.ways[0].state

    @property
    def two_ways(self) -> bool:
        """Whether it stands for both directions."""
        return len(self.ways) > 1

    @property
    def is_bundle(self) -> bool:
        """Whether it stands for more than one pair of nodes."""
        return len(self.ways) > 2

    @property
    def words(self) -> str:
        """What its label says."""
        if not self.is_bundle:
            return self.ways[0].words
        kinds = Counter(way.words for way in self.ways)
        return ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())


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


def ring(seen: LinkMap, top: float) -> Ring:
    """Place the nodes, those that reach each other side by side, and the arrows between them.

    Args:
        seen: What to show, of nine nodes at most.
        top: Where the ring may begin, in pixels.
    """
    roomy = len(seen.nodes) <= ROOMY
    sizes = _Sizes((300, 194), 15, 21) if roomy else _Sizes((200, 146), 11, 17)
    taller = any(node.clock_off_ms is not None for node in seen.nodes) * CLOCK_LINE
    cards = _cards(seen, top, (sizes.card[0], sizes.card[1] + taller))
    boxes = {card.node.name: card.box for card in cards}
    arrows = _labelled(_marked(_lines(seen, boxes, sizes.lane), boxes.values(), sizes.mark), boxes.values())
    return Ring(cards, arrows, tuple(_islands(seen, boxes)), roomy)


def _lines(seen: LinkMap, boxes: dict[str, Box], apart: float) -> Iterator[Arrow]:
    """Every way; of many nodes that are cleanly cut, one bundle from group to group."""
    cut = clean_cut(seen) if len(boxes) > ROOMY else ()
    home = {name: group for group in cut for name in group}
    for pair in combinations(boxes, 2):
        if not (pair[0] in home and pair[1] in home and home[pair[0]] != home[pair[1]]):
            yield from _lanes(seen, boxes, pair, apart)
    for left, right in combinations(cut, 2):
        ways = tuple(w for a in left for b in right for w in (seen.by_pair[a, b], seen.by_pair[b, a]))
        yield Arrow(ways, *_between_groups([boxes[name] for name in left], [boxes[name] for name in right]))


def _between_groups(left: Sequence[Box], right: Sequence[Box]) -> tuple[Point, Point]:
    """From middle to middle of the groups; one node alone is its card, which the line stays outside of."""
    one, other = _middle(left), _middle(right)
    start, end = _between(one, other, 0)
    return start if len(left) == 1 else one.centre, end if len(right) == 1 else other.centre


def _middle(boxes: Sequence[Box]) -> Box:
    """The card of one, or the mean place of several."""
    xs, ys = zip(*(box.centre for box in boxes), strict=True)
    width, height = boxes[0].right - boxes[0].left, boxes[0].bottom - boxes[0].top
    return around((sum(xs) / len(xs), sum(ys) / len(ys)), width, height)


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
    turns = _turns([len(group) for group in found] if clean_cut(seen) and len(order) > ROOMY else [len(order)])
    middles = [(WIDTH / 2 + across * math.cos(turn), down * math.sin(turn)) for turn in turns]
    lift = top + size[1] / 2 - min(y for _, y in middles)
    return tuple(
        Card(nodes[name], around((x, y + lift), *size)) for name, (x, y) in zip(order, middles, strict=True)
    )


def _turns(sizes: list[int]) -> list[float]:
    """The angle of each node of groups of these sizes; between groups, the first of which is on the right, half a
    place is left free."""
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


def _lanes(seen: LinkMap, boxes: dict[str, Box], pair: tuple[str, str], apart: float) -> Iterator[Arrow]:
    """One line where both ways gave the same, else two side by side, each on its traveller's right."""
    there, back = seen.by_pair[pair], seen.by_pair[pair[::-1]]
    if (there.raft, there.gossip) == (back.raft, back.gossip):
        yield Arrow((there, back), *_between(boxes[pair[0]], boxes[pair[1]], 0))
        return
    for way in (there, back):
        yield Arrow((way,), *_between(boxes[way.observer], boxes[way.peer], apart))


def _between(one: Box, other: Box, aside: float) -> tuple[Point, Point]:
    """From the edge of one card to the edge of the other, moved aside to the right."""
    (ax, ay), (bx, by) = one.centre, other.centre
    length = math.hypot(bx - ax, by - ay)
    dx, dy = (bx - ax) / length, (by - ay) / length
    ax, ay, bx, by = ax - dy * aside, ay + dx * aside, bx - dy * aside, by + dx * aside
    leave = _until_outside(one.grown(GAP), (ax, ay), (dx, dy))
    enter = _until_outside(other.grown(GAP), (bx, by), (-dx, -dy))
    return (ax + dx * leave, ay + dy * leave), (bx - dx * enter, by - dy * enter)


def _until_outside(box: Box, start: Point, towards: Point) -> float:
    """How far from a point inside to the edge, along a unit vector."""
    steps = []
    for position, step, low, high in (
        (start[0], towards[0], box.left, box.right),
        (start[1], towards[1], box.top, box.bottom),
    ):
        if abs(step) > 1e-9:
            steps.append(((high if step > 0 else low) - position) / step)
    return min(steps)


def _marked(arrows: Iterable[Arrow], cards: Iterable[Box], radius: float) -> list[Arrow]:
    """Give every arrow that fails its mark, where none sits yet and no card is."""
    taken, marked = list(cards), []
    for arrow in sorted(arrows, key=lambda arrow: not arrow.is_bundle):
        if arrow.state in (WayState.OPEN, WayState.UNKNOWN):
            marked.append(arrow)
            continue
        size = radius * (3 if arrow.is_bundle else 2)
        spots = [around(_at(arrow, along), size, size) for along in _ALONG]
        free = (spot for spot in spots if not any(spot.grown(3).overlaps(box) for box in taken))
        spot = next(free, spots[0])
        taken.append(spot)
        marked.append(Arrow(arrow.ways, arrow.start, arrow.end, spot))
    return marked


def _at(arrow: Arrow, along: float) -> Point:
    (ax, ay), (bx, by) = arrow.start, arrow.end
    return ax + (bx - ax) * along, ay + (by - ay) * along


def _labelled(arrows: list[Arrow], cards: Iterable[Box]) -> tuple[Arrow, ...]:
    """Put its word beside each mark; where many say the same, or they do not all fit, the legend alone does."""
    said = [arrow.words for arrow in arrows if arrow.words]
    if len(said) >= MANY and len(set(said)) == 1:
        return tuple(arrows)
    taken = [*cards, *(arrow.mark for arrow in arrows if arrow.mark)]
    labelled = []
    for arrow in arrows:
        spot = _label(arrow, taken, arrows) if arrow.words else None
        if arrow.words and spot is None:
            return tuple(arrows)
        taken += [spot] if spot else []
        labelled.append(Arrow(arrow.ways, arrow.start, arrow.end, arrow.mark, spot))
    return tuple(labelled)


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
