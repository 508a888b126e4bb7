"""Read the events of an iCalendar file; what is wrong in it is said with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Component

from bot.paging.content_lines import Line, content_lines
from bot.paging.recurrence import check_rules
from bot.paging.shift_times import DATES, check_times
from handlers.errors import SourceDown
from shared.bounded_files import read_bounded
from shared.sanitize import plain

AROUND = timedelta(days=1)
"""How far around a moment events are asked for: a day without a zone may begin half a day off from UTC's."""

MAX_SAID_CHARS = 160
Properties = Mapping[str, Any]
"""An event: values of icalendar's by the names of RFC 5545."""

DECIDING = frozenset({*DATES, "DURATION", "RRULE", "STATUS", "SUMMARY", "ATTENDEE"})
"""Properties that say when a shift is and whose; what is wrong in any other changes nothing."""


def events_at(file: Path, now: datetime, is_shift: Callable[[Properties], bool]) -> list[Properties]:
    """Return the calendar's events of the days around a moment, recurring ones among them.

    Raises:
        SourceDown: If the file cannot be read, is no calendar, has an event that cannot be understood, or a
            shift in an unknown time zone.
    """
    try:
        content = read_bounded(file)
    except OSError as error:
        raise SourceDown(f"The on-call calendar {file} cannot be read: {error.strerror}.") from error
    try:
        return _events(content_lines(content), now, is_shift)
    except Exception as error:  # whatever the two libraries meet in a file that is none
        said = plain(str(error), limit=MAX_SAID_CHARS).rstrip(".") or type(error).__name__
        raise SourceDown(f"The on-call calendar {file} is not readable as iCalendar: {said}.") from error


def _events(lines: list[Line], now: datetime, is_shift: Callable[[Properties], bool]) -> list[Properties]:
    text = "".join(f"{line.text}\r\n" for line in lines)
    calendars: list[Any] = list(Calendar.from_ical(text, multiple=True))
    if not calendars or {each.name for each in calendars} != {"VCALENDAR"}:
        raise ValueError("it has no whole VCALENDAR")
    if len(calendars) != sum(line.says("BEGIN:VCALENDAR") for line in lines):
        raise ValueError("a VCALENDAR has no end")
    begins = [line.number for line in lines if line.says("BEGIN:VEVENT")]
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    for number, event in zip(begins, events, strict=True):
        with _named(number):
            _check(event, event.errors, now)
            if is_shift(event):
                check_times(event)
    try:
        return [event for calendar in calendars for event in _around(calendar, now)]
    except Exception:
        for number, event in zip(begins, events, strict=True):
            alone = Calendar()
            alone.add_component(event)
            with _named(number):
                _around(alone, now)
        raise


@contextmanager
def _named(line: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ValueError(f"the event of line {line}: {error}") from error


def _around(calendar: Component, now: datetime) -> list[Properties]:
    return list(recurring_ical_events.of(calendar).between(now - AROUND, now + AROUND))


def _check(event: Properties, errors: list[tuple[str | None, str]], now: datetime) -> None:
    """Raise where it is not understood when an event is and whose, or it recurs too often."""
    for name, wrong in errors:
        if name is None or name in DECIDING:
            raise ValueError(f"{name or 'a line'} is not understood, {wrong}")
    if "DTSTART" not in event:
        raise ValueError("it has no DTSTART")
    check_rules(event.get("RRULE"), event["DTSTART"].dt, now + AROUND)
