"""The shapes of a picture before it is painted: lines, polygons, boxes, discs and words, in pixels."""

from __future__ import annotations

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
        """Return whether the two share any area."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def grown(self, by: float) -> Box:
        """Return the box made larger on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    @property
    def centre(self) -> Point:
        """Return the centre of the box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def around(centre: Point, width: float, height: float) -> Box:
    """Return a box of this size around a centre."""
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
        """Return every text on it, from back to front."""
        return tuple(shape.text for shape in self.shapes if isinstance(shape, Words))
