"""Make text from outside inert: nothing in it moves a terminal, begins a line or turns text round. Pure."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def visible(text: str) -> str:
    """Return text without what is not seen: controls, direction marks, halves of characters. Lines stay."""
    return "".join(
        char for char in text.replace("\t", " ") if char == "\n" or unicodedata.category(char)[0] != "C"
    )


def one_line(text: str) -> str:
    """Return visible text on one line, whatever its writer holds to be the end of a line."""
    return visible(_LINE_ENDS.sub(" ", text))
