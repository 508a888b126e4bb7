"""A finished picture: its bytes, its size, and its alt text."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 1200
"""Pixels across. A phone shows it at about 390, a third, so text of 32 is read there as 10."""

MARGIN = 48
SMALL = 32
"""The smallest type, in pixels."""
TEXT = 36
TITLE = 60


@dataclass(frozen=True)
class Picture:
    """A PNG with its alt text; the same input gives the same bytes."""

    png: bytes
    alt_text: str
    width: int
    height: int
