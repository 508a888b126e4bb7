"""The marks that carry a meaning beside their colour: cross, square, question, tick, star, triangle."""

from __future__ import annotations

import math

from bot.pictures.drawing.palette import CARD, FAILED, GOSSIP, UNKNOWN
from bot.pictures.drawing.shapes import Disc, Line, Panel, Point, Polygon, Shape, Words, around


def cross(at: Point, radius: float, colour: str = FAILED) -> tuple[Shape, ...]:
    """A cross in a ring: nothing gets through."""
    return (Disc(at, radius, CARD, colour, radius * 0.2), *strokes_of_a_cross(at, radius * 0.45, colour))


def strokes_of_a_cross(at: Point, reach: float, colour: str, width: float | None = None) -> tuple[Shape, ...]:
    """The cross alone."""
    (x, y), thick = at, width or reach * 0.5
    return (
        Line(((x - reach, y - reach), (x + reach, y + reach)), colour, thick),
        Line(((x - reach, y + reach), (x + reach, y - reach)), colour, thick),
    )


def square_cross(at: Point, radius: float, colour: str = GOSSIP) -> tuple[Shape, ...]:
    """A cross in a square: gossip alone does not get through."""
    side = radius * 1.8
    frame = Panel(around(at, side, side), CARD, radius * 0.25, colour, radius * 0.2)
    return (frame, *strokes_of_a_cross(at, radius * 0.4, colour))


def question(at: Point, radius: float, colour: str = UNKNOWN) -> tuple[Shape, ...]:
    """A question mark in a ring: nobody could say."""
    return (
        Disc(at, radius, CARD, colour, radius * 0.16),
        Words("?", at, radius * 1.5, colour, bold=True, anchor="mm"),
    )


def tick(at: Point, reach: float, colour: str) -> tuple[Shape, ...]:
    """A tick."""
    x, y = at
    points = ((x - reach, y), (x - reach * 0.3, y + reach * 0.7), (x + reach, y - reach * 0.75))
    return (Line(points, colour, reach * 0.4),)


def star(at: Point, radius: float, colour: str) -> tuple[Shape, ...]:
    """A five-pointed star: who leads."""
    x, y = at
    turns = ((number * math.pi / 5 - math.pi / 2, (1, 0.42)[number % 2] * radius) for number in range(10))
    return (Polygon(tuple((x + math.cos(turn) * r, y + math.sin(turn) * r) for turn, r in turns), colour),)


def triangle(at: Point, radius: float, colour: str) -> tuple[Shape, ...]:
    """A triangle that points up: who stands for election."""
    x, y = at
    return (
        Polygon(((x, y - radius), (x + radius, y + radius * 0.8), (x - radius, y + radius * 0.8)), colour),
    )


def arrowhead(tip: Point, towards: Point, size: float, colour: str) -> Shape:
    """A filled head with its tip here, pointing along a unit vector."""
    (x, y), (dx, dy) = tip, towards
    back = (x - dx * size, y - dy * size)
    half = size * 0.5
    return Polygon(
        (tip, (back[0] - dy * half, back[1] + dx * half), (back[0] + dy * half, back[1] - dx * half)), colour
    )
