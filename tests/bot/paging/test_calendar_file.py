"""A calendar file that is not understood says where and why; what says nothing of shifts does no harm."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config.escalation import OnCallSettings
from bot.paging.calendar import CalendarSchedule
from handlers.domain.escalation.on_call import Shift
from handlers.errors import SourceDown

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def event(summary: str = "Ann", start: str = ":20261130T000000Z", more: str = "") -> str:
    """Return an event of a day, whose first line is the fourth of a calendar that it begins."""
    lines = ("BEGIN:VEVENT", f"UID:{summary}", f"DTSTART{start}", "DURATION:P1D", f"SUMMARY:{summary}", more)
    return "".join(f"{line}\r\n" for line in (*lines, "END:VEVENT") if line)


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n" + "".join(events) + "END:VCALENDAR\r\n"


async def on_call(tmp_path: Path, content: str | bytes) -> Shift | None:
    file = tmp_path / "on-call.ics"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return await CalendarSchedule(OnCallSettings(calendar=file, people={"Ann": "U0ANN"}), "UTC").shift(NOW)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + calendar(event()).encode(),
        calendar(event("Zoe")) + calendar(event()),
        calendar(event(more="CREATED:once")),
        calendar(event("Holiday", start=";TZID=Mars/Olympus:20261130T000000"), event()),
        calendar(event(more="RRULE:FREQ=SECONDLY;COUNT=2")),
        calendar(event("Zoe", ":20200101T000000Z", "RRULE:FREQ=MINUTELY;UNTIL=20200102T000000Z"), event()),
        calendar(event(start=":20200101T000000Z", more="RRULE:FREQ=HOURLY;INTERVAL=24")),
        calendar(event(start=":19700101T000000Z", more="RRULE:FREQ=DAILY")),
        calendar(
            event(more="DESCRIPTION:A file begins with\r\n BEGIN:VCALENDAR\r\n\tand then\r\n BEGIN:VEVENT")
        ),
        calendar(event().replace("BEGIN:VEVENT", "BEGIN:VE\r\n VENT").replace("Ann", "A\r\n\tnn")),
        calendar(event(more="LOCATION:Caf@")).encode().replace(b"@", b"\xc3\r\n \xa9"),
        calendar(event("Holiday", more="EXDATE;TZID=Mars/Olympus:20261130T000000"), event()),
    ],
    ids=[
        *("mark", "two", "created", "elsewhere", "count", "until", "hourly", "daily"),
        *("folded words", "folded names", "folded within a character", "strangers exception"),
    ],
)
async def test_what_is_unusual_and_clear_is_read(tmp_path: Path, content: str | bytes):
    shift = await on_call(tmp_path, content)
    assert shift and shift.user == "U0ANN"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "it has no whole VCALENDAR"),
        ("<html>login</html>", "<html>login</html>"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "it has no whole VCALENDAR"),
        ("BEGIN:VEVENT", "it has no whole VCALENDAR"),
        (event(), "it has no whole VCALENDAR"),
        (calendar(event()) + "BEGIN:VCALENDAR\r\n", "a VCALENDAR has no end"),
        (calendar(event("Ann \u00e9")).encode("latin-1"), "line 5 is not UTF-8"),
        (calendar(event(), event("Zoe", start=":soon")), "the event of line 10: DTSTART is not understood"),
        (calendar(event(), event("Zoe", more="RRULE:FREQ=SOMETIMES")), "the event of line 10: RRULE is not"),
        (calendar(event().replace("DTSTART", "X-START")), "the event of line 4: it has no DTSTART"),
        (
            calendar(event(), event("Ann", start=";TZID=Mars/Olympus:20261130T000000")),
            "the event of line 10: the time zone Mars/Olympus is unknown",
        ),
        (
            calendar(event("Zoe", more="DESCRIPTION:a\r\n b\r\n c"), event("Zoe", start=":soon")),
            "the event of line 13: DTSTART is not understood",
        ),
        (calendar(event(more="LOCATION:a\r\n b@")).encode().replace(b"@", b"\xe9"), "line 9 is not UTF-8"),
    ],
)
async def test_what_is_not_understood_is_said_with_its_line(tmp_path: Path, content: str | bytes, says: str):
    with pytest.raises(SourceDown, match=r"on-call\.ics is not readable as iCalendar: ") as refused:
        await on_call(tmp_path, content)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "more",
    [
        "RRULE:FREQ=DAILY\r\nEXDATE;TZID=Mars/Olympus:20261201T000000",
        "RRULE:FREQ=DAILY\r\nEXDATE:20261203T000000Z\r\nEXDATE;TZID=Mars/Olympus:20261201T000000",
        "RDATE;TZID=Mars/Olympus:20261201T000000,20261202T000000",
        "RDATE;VALUE=PERIOD;TZID=Mars/Olympus:20261201T000000/PT8H",
        "RECURRENCE-ID;TZID=Mars/Olympus:20261130T000000",
    ],
)
async def test_a_day_more_or_less_in_an_unknown_zone_is_nobodys_guess(tmp_path: Path, more: str):
    with pytest.raises(SourceDown, match="the event of line 4: the time zone Mars/Olympus is unknown"):
        await on_call(tmp_path, calendar(event(more=more)))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (":20261130T120000Z", "DTEND:20261130T110000Z"),
        (":20261130T130000Z", "DTEND;TZID=Europe/Berlin:20261130T130000"),
        (";VALUE=DATE:20261130", "DTEND;VALUE=DATE:20261130"),
        (":20261130T120000Z", "DURATION:-PT1H"),
    ],
)
async def test_a_shift_that_ends_before_it_begins_is_not_turned_round(tmp_path: Path, start: str, end: str):
    ended = event(start=start).replace("DURATION:P1D", end)
    with pytest.raises(SourceDown, match="the event of line 4: it ends before it begins"):
        await on_call(tmp_path, calendar(ended))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY;BYMINUTE=0,30;BYSECOND=0,10,20,30,40,50",
        "FREQ=SECONDLY;UNTIL=20261231T000000Z",
        "FREQ=SECONDLY;COUNT=99999999",
        f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR={','.join(map(str, range(24)))};BYMINUTE=0,10,20,30,40,50",
        f"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=1,2,3;BYMINUTE={','.join(map(str, range(60)))}",
    ],
)
async def test_a_rule_that_would_take_long_to_count_out_is_refused(tmp_path: Path, rule: str):
    with pytest.raises(SourceDown, match=r"the event of line 4: RRULE with FREQ=\w+ recurs too often"):
        await on_call(tmp_path, calendar(event(start=":20240101T000000Z", more=f"RRULE:{rule}")))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY;COUNT=2;BYMONTH=2;BYMONTHDAY=30;BYHOUR=3",
        "FREQ=HOURLY;BYDAY=MO",
        "FREQ=SECONDLY;COUNT=2;BYMINUTE=0",
    ],
)
async def test_a_rule_that_may_never_name_anything_is_not_looked_through(tmp_path: Path, rule: str):
    with pytest.raises(SourceDown, match=r"line 4: RRULE with FREQ=\w+ and BY\w+ is none for a shift"):
        await on_call(tmp_path, calendar(event(more=f"RRULE:{rule}")))


async def test_nobody_waits_for_a_calendar_that_takes_long_and_it_is_read_once_at_a_time(tmp_path: Path):
    file = tmp_path / "on-call.ics"
    file.write_text(calendar(*(event(f"Ann {number}") for number in range(500))))
    schedule = CalendarSchedule(OnCallSettings(calendar=file, people={"Ann": "U0ANN"}), "UTC", max_read_s=0)
    for _ in range(2):
        with pytest.raises(SourceDown, match=r"on-call\.ics is not read within 0 s"):
            await schedule.shift(NOW)
    assert sum("to_thread" in str(task.get_coro()) for task in asyncio.all_tasks()) == 1


async def test_a_rule_without_a_step_is_refused(tmp_path: Path):
    with pytest.raises(SourceDown, match="the event of line 4: RRULE"):
        await on_call(tmp_path, calendar(event(more="RRULE:FREQ=DAILY;INTERVAL=0")))
