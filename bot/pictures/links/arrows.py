"""The arrows between the cards of a ring: one a way, one for two that gave the same, or a bundle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bot.pictures.drawing.shapes import Box, Point, around
from bot.pictures.links.groups import Group
from bot.pictures.links.model import LinkMap, Way, WayState

GAP = 10
"""Between a card and the arrows that end at it."""


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


def arrows(
    seen: LinkMap, boxes: Mapping[str, Box], apart: float, bundled: Sequence[Group] = ()
) -> Iterator[Arrow]:
    """Every way between the nodes.

    Args:
        seen: What to show.
        boxes: Each node's card, in pixels.
        apart: How far a lone way runs beside the line between two cards, in pixels.
        bundled: Groups that a cut keeps apart, and that one arrow is enough between.
    """
    home = {name: group for group in bundled for name in group}
    for one, other in combinations(boxes, 2):
        here, there = home.get(one, (one,)), home.get(other, (other,))
        if here == there or not bundled or len(here) + len(there) == 2 or not {one, other} <= home.keys():
            yield from _lanes(seen, boxes, (one, other), apart)
    for left, right in combinations(bundled, 2):
        ways = tuple(w for a in left for b in right for w in (seen.by_pair[a, b], seen.by_pair[b, a]))
        if len(ways) > 2:
            ends = _between_groups([boxes[name] for name in left], [boxes[name] for name in right])
            yield Arrow(ways, *ends)


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


def _lanes(seen: LinkMap, boxes: Mapping[str, Box], pair: tuple[str, str], apart: float) -> Iterator[Arrow]:
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
