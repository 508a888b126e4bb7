"""The marks that carry a meaning beside their colour: cross, question mark, tick, star, triangle."""

from __future__ import annotations

import math

from bot.pictures.drawing.palette import CARD, UNKNOWN
from bot.pictures.drawing.shapes import Disc, Line, Point, Polygon, Shape, Words


def strokes_of_a_cross(at: Point, reach: float, colour: str, width: float | None = None) -> tuple[Shape, ...]:
    """Draw a cross."""
    (x, y), thick = at, width or reach * 0.5
    return (
        Line(((x - reach, y - reach), (x + reach, y + reach)), colour, thick),
        Line(((x - reach, y + reach), (x + reach, y - reach)), colour, thick),
    )


def question(at: Point, radius: float, colour: str = UNKNOWN) -> tuple[Shape, ...]:
    """Draw a question mark in a ring: not known."""
    return (
        Disc(at, radius, CARD, colour, radius * 0.16),
        Words("?", at, radius * 1.5, colour, bold=True, anchor="mm"),
    )


def tick(at: Point, reach: float, colour: str) -> tuple[Shape, ...]:
    """Draw a tick."""
    x, y = at
    points = ((x - reach, y), (x - reach * 0.3, y + reach * 0.7), (x + reach, y - reach * 0.75))
    return (Line(points, colour, reach * 0.4),)


def star(at: Point, radius: float, colour: str) -> tuple[Shape, ...]:
    """Draw a five-pointed star: a leader."""
    x, y = at
    turns = ((number * math.pi / 5 - math.pi / 2, (1, 0.42)[number % 2] * radius) for number in range(10))
    return (Polygon(tuple((x + math.cos(turn) * r, y + math.sin(turn) * r) for turn, r in turns), colour),)


def triangle(at: Point, radius: float, colour: str) -> tuple[Shape, ...]:
    """Draw a triangle that points up: a candidate."""
    x, y = at
    return (
        Polygon(((x, y - radius), (x + radius, y + radius * 0.8), (x - radius, y + radius * 0.8)), colour),
    )
