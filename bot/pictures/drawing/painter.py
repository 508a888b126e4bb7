"""Paint a layout: shapes in, PNG bytes out. The same layout gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import singledispatch
from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageDraw

from bot.pictures.drawing.lettering import BOLD, font, printable
from bot.pictures.drawing.palette import CARD, EDGE
from bot.pictures.drawing.shapes import Box, Disc, Drawing, Line, Panel, Point, Polygon, Words

SCALE = 2
"""Drawn twice as large and reduced, since Pillow draws hard edges; letters come out clear either way."""

Canvas = ImageDraw.ImageDraw


def png(drawing: Drawing) -> bytes:
    """Paint the drawing on a light card with an edge of its own."""
    size = drawing.width * SCALE, drawing.height * SCALE
    image = Image.new("RGB", size, CARD)
    canvas = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _paint(shape, canvas)
    canvas.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=EDGE, width=3 * SCALE)
    held = BytesIO()
    image.reduce(SCALE).save(held, "PNG", optimize=False, compress_level=6)
    return held.getvalue()


@singledispatch
def _paint(shape: object, canvas: Canvas) -> None:
    raise TypeError(f"there is no brush for {type(shape).__name__}: register one here.")


@_paint.register
def _line(shape: Line, canvas: Canvas) -> None:
    for points in _dashes(shape.points, shape.dash) if shape.dash else [shape.points]:
        ends = [_scaled(point) for point in points]
        canvas.line(ends, fill=shape.colour, width=round(shape.width * SCALE), joint="curve")
        for end in (ends[0], ends[-1]):
            canvas.circle(end, shape.width * SCALE / 2, fill=shape.colour)


@_paint.register
def _polygon(shape: Polygon, canvas: Canvas) -> None:
    canvas.polygon([_scaled(point) for point in shape.points], fill=shape.fill)


@_paint.register
def _panel(shape: Panel, canvas: Canvas) -> None:
    canvas.rounded_rectangle(
        _corners(shape.box),
        radius=shape.radius * SCALE,
        fill=shape.fill,
        outline=shape.outline,
        width=round(shape.width * SCALE),
    )


@_paint.register
def _disc(shape: Disc, canvas: Canvas) -> None:
    canvas.circle(
        _scaled(shape.centre),
        shape.radius * SCALE,
        fill=shape.fill,
        outline=shape.outline,
        width=round(shape.width * SCALE),
    )


@_paint.register
def _words(shape: Words, canvas: Canvas) -> None:
    canvas.text(
        _scaled(shape.at),
        printable(shape.text),
        font=font(shape.size * SCALE),
        fill=shape.colour,
        anchor=shape.anchor,
        stroke_width=shape.size * SCALE * BOLD if shape.bold else 0,
    )


def _scaled(point: Point) -> Point:
    return point[0] * SCALE, point[1] * SCALE


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.left * SCALE, box.top * SCALE, box.right * SCALE, box.bottom * SCALE


def _dashes(points: tuple[Point, ...], dash: tuple[float, ...]) -> Iterator[tuple[Point, Point]]:
    """Yield the drawn pieces of each stretch between two points."""
    for (ax, ay), (bx, by) in pairwise(points):
        length = math.hypot(bx - ax, by - ay)
        gone, piece = 0.0, 0
        while gone < length:
            until = min(gone + dash[piece % len(dash)], length)
            if piece % 2 == 0:
                start, end = gone / length, until / length
                yield (
                    (ax + (bx - ax) * start, ay + (by - ay) * start),
                    (ax + (bx - ax) * end, ay + (by - ay) * end),
                )
            gone, piece = until, piece + 1
