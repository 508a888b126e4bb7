"""Who is on call by an iCalendar file, whose shifts recur by the clocks of their own zones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from agent.keys.bounded_files import read_bounded_text
from bot.escalation_settings import OnCallSettings
from bot.paging.people import known
from handlers.domain.on_call import Shift
from handlers.errors import SourceDown

AROUND = timedelta(days=1)
"""How far around a moment events are asked for: a day without a zone may begin half a day off from UTC's."""


class CalendarSchedule:
    """`handlers.ports.OnCallSchedule` over a file, read anew at each look so that an edit counts at once.

    Of shifts at the same time the one that began last holds: it is the exception to the others.
    """

    def __init__(self, settings: OnCallSettings, time_zone: str) -> None:
        assert settings.calendar  # noqa: S101  the caller has looked
        self._file, self._people = settings.calendar, settings.people
        self._zone = ZoneInfo(time_zone)

    async def shift(self, now: datetime) -> Shift | None:
        """Return who is on call then.

        Raises:
            SourceDown: If the file cannot be read, or is no calendar.
        """
        events = await asyncio.to_thread(events_at, self._file, now)
        shifts = [(began, shift) for began, shift in self._shifts(events) if began <= now]
        current = [(began, shift) for began, shift in shifts if shift.until is None or now < shift.until]
        return max(current, key=lambda each: each[0])[1] if current else None

    def _shifts(self, events: list[Any]) -> Iterator[tuple[datetime, Shift]]:
        for event in events:
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            attendees = event.get("ATTENDEE", [])
            attendees = attendees if isinstance(attendees, list) else [attendees]
            names = (*map(str, attendees), str(event.get("SUMMARY", "")))
            if who := known(names, self._people):
                until = _moment(event.end, self._zone)
                yield _moment(event.start, self._zone), Shift(name=who[0], user=who[1], until=until)


def events_at(file: Path, now: datetime) -> list[Any]:
    """Return the calendar's events of the days around a moment, recurring ones among them.

    Raises:
        SourceDown: If the file cannot be read, or is no calendar.
    """
    try:
        calendar = Calendar.from_ical(read_bounded_text(file))
        return list(recurring_ical_events.of(calendar).between(now - AROUND, now + AROUND))
    except OSError as error:
        raise SourceDown(f"The on-call calendar {file} cannot be read: {error.strerror}.") from error
    except Exception as error:  # whatever the two libraries meet in a file that is none
        raise SourceDown(f"The on-call calendar {file} is not readable as iCalendar.") from error


def _moment(at: date, zone: tzinfo) -> datetime:
    """Return an instant; a day without a time begins, and a time without a zone counts, by the given zone."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time(), zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
