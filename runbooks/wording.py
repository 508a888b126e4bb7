"""Format names, counts and durations for sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

MAX_NAMES = 6
"""In a sentence, more names than these are counted instead."""


def listed(names: Sequence[str], at_most: int | None = None) -> str:
    """Join names: `node1`, `node1 and node2`, `node1, node2 and node3`, `node1, node2 and 7 more`."""
    if at_most is not None and len(names) > at_most:
        return f"{', '.join(names[:at_most])} and {len(names) - at_most} more"
    if len(names) < 2:
        return "".join(names) or "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun: `1 node`, `2 nodes`, `2 processes`."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else ending}"


def duration(span: timedelta) -> str:
    """Return a duration to the second or, from an hour on, the minute: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    return seconds(span.total_seconds())


def seconds(value: float) -> str:
    """Format a duration given in s as `duration` does; a node may say one that no `timedelta` holds."""
    whole = max(int(value), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def days(value: float) -> str:
    """Format a duration given in days: hours below two days; a node may say one that no `timedelta` holds."""
    return f"{value * 24:.0f} h" if value < 2 else f"{value:.0f} days"


SECONDS_FROM_MS = 10_000.0
"""From here on, milliseconds are told in seconds, minutes, hours and days."""


def milliseconds(value: float) -> str:
    """Format a duration given in ms: `12 ms`, `2400 ms`, `42 s`, `1 h 00 min`, `3 days`."""
    if value >= 2 * 86_400_000:
        return f"{value / 86_400_000:.0f} days"
    return seconds(value / 1000) if value >= SECONDS_FROM_MS else f"{value:.0f} ms"


def signed_milliseconds(value: float) -> str:
    """Format a clock offset: `+2400 ms` is ahead of true time, `-1900 ms` behind; never `-0 ms`."""
    sign = "-" if round(value) < 0 else "+"
    return f"{sign}{milliseconds(abs(value))}"
