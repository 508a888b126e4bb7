"""What a picture is made of before it is painted: lines, polygons, boxes, discs and words, in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["lm", "mm", "rm"]


@dataclass(frozen=True)
class Box:
    """A rectangle on the card."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share any area."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def within(self, other: Box) -> bool:
        """Whether no part of it sticks out of the other."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom

    def grown(self, by: float) -> Box:
        """The same, larger on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    @property
    def corners(self) -> tuple[Point, ...]:
        """Its four corners."""
        return (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )

    @property
    def centre(self) -> Point:
        """Its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def around(centre: Point, width: float, height: float) -> Box:
    """A box of this size about its middle."""
    x, y = centre
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


@dataclass(frozen=True)
class Line:
    """A line through points with round ends; `dash` alternates drawn and left out, in pixels."""

    points: tuple[Point, ...]
    colour: str
    width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Polygon:
    """A filled shape."""

    points: tuple[Point, ...]
    fill: str


@dataclass(frozen=True)
class Panel:
    """A rectangle with round corners."""

    box: Box
    fill: str | None
    radius: float = 0
    outline: str | None = None
    width: float = 0


@dataclass(frozen=True)
class Disc:
    """A filled circle."""

    centre: Point
    radius: float
    fill: str
    outline: str | None = None
    width: float = 0


@dataclass(frozen=True)
class Words:
    """One line of text, anchored at its left, its middle or its right, half-way up."""

    text: str
    at: Point
    size: float
    colour: str
    bold: bool = False
    anchor: Anchor = "lm"


Shape = Line | Polygon | Panel | Disc | Words


@dataclass(frozen=True)
class Drawing:
    """A finished layout: its size and its shapes, the first at the back."""

    width: int
    height: int
    shapes: tuple[Shape, ...]

    def texts(self) -> tuple[str, ...]:
        """Every word on it, from back to front."""
        return tuple(shape.text for shape in self.shapes if isinstance(shape, Words))


def crosses(box: Box, start: Point, end: Point) -> bool:
    """Whether a straight line runs through a box (Liang and Barsky's clipping)."""
    enter, leave = 0.0, 1.0
    for position, way, low, high in (
        (start[0], end[0] - start[0], box.left, box.right),
        (start[1], end[1] - start[1], box.top, box.bottom),
    ):
        if abs(way) < 1e-9:
            if not low < position < high:
                return False
            continue
        first, last = sorted(((low - position) / way, (high - position) / way))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave


def hull(points: Iterable[Point]) -> tuple[Point, ...]:
    """The smallest convex outline around points, in order (Andrew's monotone chain)."""
    ordered = sorted(set(points))

    def half(those: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in those:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    return (*half(ordered), *half(reversed(ordered)))


def _turn(one: Point, two: Point, three: Point) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])
