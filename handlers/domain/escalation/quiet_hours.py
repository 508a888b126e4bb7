"""Quiet hours, also in the nights in which the clocks change. Pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """The hours, by the clocks of a time zone, in which only what is critical is told.

    They are one stretch of time also in a night in which the clocks change: each end is the moment at which
    the clocks first show it.
    """

    begin: time
    end: time
    zone: ZoneInfo

    def over_at(self, at: datetime) -> datetime:
        """Return when something due then is told: at once, or at the end of the quiet hours it falls into."""
        today = at.astimezone(self.zone).date()
        for day in (today + timedelta(days=days) for days in (-1, 0, 1)):
            end_day = day if self.begin < self.end else day + timedelta(days=1)
            begins = first_shown(day, self.begin, self.zone)
            ends = first_shown(end_day, self.end, self.zone)
            if begins <= at < ends:
                at = ends  # where the clocks leave out both ends, the next quiet hours may begin right then
        return at


def first_shown(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return, in UTC, when a zone's clocks first show a time or, where they leave it out, jump past it."""
    shown = datetime.combine(day, wall, zone)
    instant = shown.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return instant
    # In a gap the offset before it (fold 0) leads past the jump, and the one after it (fold 1) before that.
    after = shown.replace(fold=1)
    seconds = range(int(after.timestamp()), int(shown.timestamp()) + 1)

    def has_jumped(at: int) -> bool:
        return datetime.fromtimestamp(at, zone).utcoffset() == after.utcoffset()

    return datetime.fromtimestamp(seconds[bisect_left(seconds, 1, key=has_jumped)], UTC)
