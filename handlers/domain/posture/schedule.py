"""How often postures are looked at, and when their digest is due: a day and an hour in a time zone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "daily"]

LATE = timedelta(hours=12)
"""A digest that could not be posted for so long is left out: the next one says it anew."""


@dataclass(frozen=True)
class DigestSchedule:
    """The day of the week, or every day, and the full hour, as the clocks of a time zone show them."""

    day: Day
    hour: int
    zone: ZoneInfo

    def due(self, now: datetime) -> datetime | None:
        """Return the time of the digest that is due now; `None` where the last one is too long ago."""
        local = now.astimezone(self.zone)
        for ago in range(8):
            day = local.date() - timedelta(days=ago)
            at = datetime(day.year, day.month, day.day, self.hour, tzinfo=self.zone)
            if at <= local and self.day in ("daily", DAYS[day.weekday()]):
                # Over the instants, not the wall clock's hours: a clock change lies between some.
                return at if now.timestamp() - at.timestamp() < LATE.total_seconds() else None
        return None

    def name(self, at: datetime) -> str:
        """Return the name of the digest of that time: the same for every replica."""
        return f"digest-{at:%Y-%m-%d}"


@dataclass(frozen=True)
class Watching:
    """How often clusters are looked at, and when the digest is posted, if at all."""

    sample_every: timedelta = timedelta(minutes=15)
    digest: DigestSchedule | None = None
