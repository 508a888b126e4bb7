"""Refuse a shift of which nobody can say when it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

DATES = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
"""Properties that hold times, each by a zone of its own."""


def check_times(event: Mapping[str, Any]) -> None:
    """Pass over a shift whose zones are known and which ends after it begins.

    Raises:
        ValueError: If a time is in a zone that neither the system nor the file knows, also one at which it
            does not recur; or if it ends before it begins, or as a whole day when it begins.
    """
    for prop in _dates(event):
        zone = prop.params.get("TZID")
        if zone and any(each.tzinfo is None for each in _times(prop)):
            raise ValueError(f"the time zone {zone} is unknown, and no VTIMEZONE says what it is")
    begin, end = event["DTSTART"].dt, event["DTEND"].dt if "DTEND" in event else None
    span = event["DURATION"].dt if "DURATION" in event else None
    if (end is not None and _is_before(end, begin)) or (span is not None and span < timedelta()):
        raise ValueError("it ends before it begins")


def _dates(event: Mapping[str, Any]) -> Iterator[Any]:
    for name in DATES:
        given = event.get(name, [])
        yield from given if isinstance(given, list) else [given]


def _times(prop: Any) -> Iterator[datetime]:  # noqa: ANN401  icalendar's properties
    """Yield the times that a property holds; of a period, when it begins."""
    for each in getattr(prop, "dts", [prop]):
        value = each.dt[0] if isinstance(each.dt, tuple) else each.dt
        if isinstance(value, datetime):
            yield value


def _is_before(end: date, begin: date) -> bool:
    """Return whether it ends before it begins; of whole days also where it begins, as that takes none."""
    if not isinstance(end, datetime) and not isinstance(begin, datetime):
        return end <= begin
    if isinstance(end, datetime) and isinstance(begin, datetime) and bool(end.tzinfo) == bool(begin.tzinfo):
        return end < begin
    raise ValueError("DTSTART and DTEND are not of the same kind")
