"""Who is on call by an iCalendar file, whose shifts recur by the clocks of their own zones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from bot.config.escalation import OnCallSettings
from bot.paging.calendar_file import Properties, events_at
from bot.paging.people import known
from handlers.domain.escalation.on_call import Shift
from handlers.errors import SourceDown

ABSENT = frozenset({"DECLINED", "DELEGATED"})
"""Participation by which an attendee does not come (RFC 5545, 3.2.12)."""


@dataclass(frozen=True)
class _Span:
    began: datetime
    until: datetime
    name: str
    user: str


MAX_READ_S = 10.0
"""Longer than a file of 5 000 events takes; nobody waits longer to be told of an incident."""


class CalendarSchedule:
    """`handlers.ports.OnCallSchedule` over a file, read anew at each look so that an edit counts at once.

    No other look begins while one is under way, since a thread that takes too long cannot be ended.

    Of shifts at the same time the one that began last holds, and of those the one that ends first: it is the
    exception to the others.
    """

    def __init__(self, settings: OnCallSettings, time_zone: str, max_read_s: float = MAX_READ_S) -> None:
        assert settings.calendar  # noqa: S101  the caller has looked
        self._file, self._people = settings.calendar, settings.people
        self._zone = ZoneInfo(time_zone)
        self._max_read_s = max_read_s
        self._looking: asyncio.Task[list[Properties]] | None = None

    async def shift(self, now: datetime) -> Shift | None:
        """Return who is on call then.

        Raises:
            SourceDown: If the file cannot be read, or not in time, is no calendar, or has an event that is
                not understood.
        """
        events = await self._events(now)
        current = [shift for shift in self._shifts(events) if shift.began <= now < shift.until]
        if not current:
            return None
        who = max(current, key=lambda each: (each.began, -each.until.timestamp()))
        return Shift(name=who.name, user=who.user, until=who.until)

    async def _events(self, now: datetime) -> list[Properties]:
        """Return what one look finds; who comes while one is under way waits for that."""
        if self._looking is None or self._looking.done():
            looks = asyncio.to_thread(events_at, self._file, now, lambda event: self._who(event) is not None)
            self._looking = asyncio.create_task(looks)
            self._looking.add_done_callback(lambda look: look.cancelled() or look.exception())
        try:
            async with asyncio.timeout(self._max_read_s):
                return await asyncio.shield(self._looking)
        except TimeoutError as error:
            raise SourceDown(
                f"The on-call calendar {self._file} is not read within {self._max_read_s:g} s: leave out what"
                " is long over, and rules that name nothing."
            ) from error

    def _who(self, event: Properties) -> tuple[str, str] | None:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            return None
        return known((*_attendees(event), str(event.get("SUMMARY", ""))), self._people)

    def _shifts(self, events: list[Properties]) -> Iterator[_Span]:
        for event in events:
            if who := self._who(event):
                begin, end = event["DTSTART"].dt, event["DTEND"].dt
                yield _Span(_moment(begin, self._zone), _moment(end, self._zone), *who)


def _attendees(event: Properties) -> Iterator[str]:
    """Yield the addresses of those who come."""
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if str(attendee.params.get("PARTSTAT", "")).upper() not in ABSENT:
            yield str(attendee)


def _moment(at: date, zone: tzinfo) -> datetime:
    """Return an instant; a day without a time begins, and a time without a zone counts, by the given zone."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time(), zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
