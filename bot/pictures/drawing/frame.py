"""Head and foot of every picture: the answer, where and when it was taken, and the legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.pictures.drawing import glyphs, lettering
from bot.pictures.drawing.palette import CARD, FAILED, GOOD, INK, QUIET, UNKNOWN, WARNING
from bot.pictures.drawing.picture import MARGIN, SMALL, TEXT, TITLE, WIDTH
from bot.pictures.drawing.shapes import Box, Disc, Panel, Point, Shape, Words

Mood = Literal["good", "bad", "warning", "unknown"]
_COLOURS: dict[Mood, str] = {"good": GOOD, "bad": FAILED, "warning": WARNING, "unknown": UNKNOWN}


@dataclass(frozen=True)
class Section:
    """A part of a picture: its shapes, and where it ends, in pixels from the top."""

    shapes: tuple[Shape, ...]
    bottom: float


@dataclass(frozen=True)
class Sign:
    """One entry of a legend: how to draw its sample from the left middle, its width, and what it means."""

    draw: Callable[[Point], tuple[Shape, ...]]
    width: float
    meaning: str


def header(answer: str, mood: Mood, lines: Sequence[str]) -> Section:
    """Lay out the answer in large type under a bar in its colour, with its sign; then smaller lines.

    Args:
        answer: One short sentence.
        mood: How it stands, which is a colour and a sign.
        lines: What is said beneath it; each is wrapped into two lines at most.
    """
    colour, middle = _COLOURS[mood], (MARGIN + 32, 84)
    shapes: list[Shape] = [Panel(Box(0, 0, WIDTH, 16), colour), Disc(middle, 32, colour)]
    if mood == "good":
        shapes += glyphs.tick(middle, 16, CARD)
    elif mood == "bad":
        shapes += glyphs.strokes_of_a_cross(middle, 14, CARD)
    else:
        shapes.append(Words("!" if mood == "warning" else "?", middle, 46, CARD, bold=True, anchor="mm"))
    room = WIDTH - 2 * MARGIN - 82
    shapes.append(
        Words(lettering.fitted(answer, TITLE, room, True), (MARGIN + 82, 84), TITLE, INK, bold=True)
    )
    y = 154.0
    for number, line in enumerate(lines):
        for part in lettering.wrapped(line, TEXT, WIDTH - 2 * MARGIN, 2):
            shapes.append(Words(part, (MARGIN, y), TEXT, QUIET if number else INK))
            y += TEXT * lettering.LINE_HEIGHT
    return Section(tuple(shapes), y)


def legend(signs: Sequence[Sign], top: float, caption: str = "") -> Section:
    """Lay out the signs in as many rows as they need, and an explanation below."""
    shapes: list[Shape] = []
    x, y = float(MARGIN), top + SMALL
    for sign in signs:
        meaning = lettering.fitted(sign.meaning, SMALL, WIDTH - 2 * MARGIN - sign.width - 14)
        wide = sign.width + 14 + lettering.width(meaning, SMALL)
        if x > MARGIN and x + wide > WIDTH - MARGIN:
            x, y = float(MARGIN), y + SMALL * 1.6
        shapes += sign.draw((x, y))
        shapes.append(Words(meaning, (x + sign.width + 14, y), SMALL, INK))
        x += wide + 44
    for line in lettering.wrapped(caption, SMALL, WIDTH - 2 * MARGIN, 3) if caption else ():
        y += SMALL * 1.5
        shapes.append(Words(line, (MARGIN, y), SMALL, QUIET))
    return Section(tuple(shapes), y + SMALL)


def when(at: datetime) -> str:
    """Return a time as `2026-11-24 12:00:03 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
