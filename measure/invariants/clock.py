"""The one clock of a made-up world: it moves when somebody sleeps, and a hair with every look."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import NOON

HAIR = timedelta(milliseconds=1)


class Clock:
    """`handlers.ports.Time` is one replica's view of this; two looks never show the same instant."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        """Return the present."""
        self.at += HAIR
        return self.at

    def pass_s(self, seconds: float) -> None:
        """Let time go by."""
        self.at += timedelta(seconds=seconds)

    def tick(self) -> float:
        """Return the seconds since the beginning, a hair later at each call, so no two instants are equal."""
        self.at += HAIR
        return self.s

    @property
    def s(self) -> float:
        """Seconds since the beginning."""
        return (self.at - NOON).total_seconds()
