"""Map moments to positions on a card, and choose the times that are written below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MAX_TICKS = 6


@dataclass(frozen=True)
class TimeAxis:
    """A span of time mapped to a span of pixels."""

    start: datetime
    end: datetime
    left: float
    right: float

    def x(self, at: datetime) -> float:
        """Return where a moment is, in pixels."""
        return self.left + (self.right - self.left) * ((at - self.start) / (self.end - self.start))

    @property
    def step_s(self) -> int:
        """Seconds between two written times."""
        whole = (self.end - self.start).total_seconds()
        return next((step for step in _STEPS_S if whole / step <= MAX_TICKS), _STEPS_S[-1])

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Round times with their places."""
        step = self.step_s
        first = -(-int(self.start.timestamp()) // step) * step
        moments: list[datetime] = []
        while first <= self.end.timestamp() and len(moments) <= 2 * MAX_TICKS:
            moments.append(datetime.fromtimestamp(first, UTC))
            first += step
        words = "%H:%M" if step >= 60 else "%H:%M:%S"
        return tuple((self.x(at), f"{at:{words}}") for at in moments if at >= self.start)


def lasted(span: timedelta) -> str:
    """Return a duration as `42 s`, `10 min` or `3 h 5 min`."""
    seconds = round(span.total_seconds())
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return (
        f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min")
    )


def clock_time(at: datetime) -> str:
    """Return a time as `12:00:03`, in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"
