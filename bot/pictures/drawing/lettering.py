"""Words in Pillow's own font, which is the same everywhere: how wide they are, and how to make them fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from PIL import ImageFont

BOLD = 0.022
"""The font has one weight; bold is this much of the size drawn around each letter."""

LINE_HEIGHT = 1.3


@lru_cache(maxsize=64)
def font(size: float) -> ImageFont.FreeTypeFont:
    """Return the font Aileron at a size in pixels.

    Raises:
        TypeError: If this Pillow was built without FreeType.
    """
    loaded = ImageFont.load_default(size)
    if not isinstance(loaded, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType: install a wheel from the package index.")
    return loaded


def printable(text: str) -> str:
    """Replace what the font lacks: accents are dropped, any other character becomes `?`."""
    plain = unicodedata.normalize("NFKD", text)
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" or letter in "·…" else "?" for letter in kept)


def width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text, in pixels."""
    return float(font(size).getlength(printable(text))) + (2 * BOLD * size if bold else 0)


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """Leave out the middle of a text that is wider than the room: names differ at their ends."""
    if width(text, size, bold) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shorter = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if width(shorter, size, bold) <= room:
            return shorter
    return text[:1] + "…"


def fitted_names(names: Sequence[str], size: float, room: float) -> dict[str, str]:
    """Shorten names in bold to fit, so that they still differ where any way of shortening allows it."""
    domain = {name.partition(".")[2] for name in names}
    shared = f".{domain.pop()}" if len(domain) == 1 else ""
    bare = {name: name.removesuffix(shared) or name for name in names}
    by_middle = {name: fitted(text, size, room, True) for name, text in bare.items()}
    if len(set(by_middle.values())) == len(names):
        return by_middle
    start = next(
        (n for n, letters in enumerate(zip(*bare.values(), strict=False)) if len(set(letters)) > 1), 0
    )
    return {name: fitted(f"…{text[start:]}", size, room, True) for name, text in bare.items()}


def wrapped(text: str, size: float, room: float, most_lines: int) -> tuple[str, ...]:
    """Break a text into lines that fit; what is too much ends in an ellipsis."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and width(longer, size) > room:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], f"{lines[most_lines - 1]}…"]
    return tuple(fitted(line, size, room) for line in lines)
