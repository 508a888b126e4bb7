"""Cut what is told of one kind, so that a thread fits a screen."""

from __future__ import annotations

MAX_LINES = 8
MAX_DECIDING = 3


def first_lines(lines: tuple[str, ...], at_most: int = MAX_LINES) -> tuple[str, ...]:
    """Return the first lines of many of one kind, and how many more there are: a thread fits a screen."""
    left = len(lines) - at_most
    return (*lines[:at_most], f"and {left} more like these") if left > 1 else lines
