"""Who is on call by a calendar file and by PagerDuty, over changes of the clocks too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.config.escalation import OnCallSettings, PagerDutyScheduleSettings
from bot.paging.calendar import CalendarSchedule
from bot.paging.pagerduty_schedule import PagerDutySchedule
from handlers.domain.escalation.on_call import Shift
from handlers.errors import SourceDown
from tests.bot.paging.conftest import Secret
from tests.bot.paging.servers import REST_TOKEN, PagerDutyServer, broken
from tests.bot.web.serving import serve

PEOPLE = {"Ann": "U0ANN", "ben@example.com": "U0BEN"}

ROTA = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//rota//EN
BEGIN:VEVENT
UID:nights@example.com
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260103T200000
DTEND;TZID=Europe/Berlin:20260104T080000
RRULE:FREQ=DAILY
SUMMARY:On call: Ann (nights)
END:VEVENT
BEGIN:VEVENT
UID:days@example.com
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260103T080000
DTEND;TZID=Europe/Berlin:20260103T200000
RRULE:FREQ=DAILY
EXDATE;TZID=Europe/Berlin:20261225T080000
ATTENDEE:mailto:ben@example.com
SUMMARY:Day shift
END:VEVENT
BEGIN:VEVENT
UID:swap@example.com
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20261130T100000
DTEND;TZID=Europe/Berlin:20261130T120000
SUMMARY:Ann for Ben
END:VEVENT
END:VCALENDAR
"""


def rota(tmp_path: Path, text: str = ROTA) -> CalendarSchedule:
    file = tmp_path / "on-call.ics"
    file.write_text(text)
    return CalendarSchedule(OnCallSettings(calendar=file, people=PEOPLE), "Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "who", "until"),
    [
        (utc(2026, 7, 1, 5, 59), "U0ANN", utc(2026, 7, 1, 6)),  # summer: Berlin is two hours ahead
        (utc(2026, 7, 1, 6, 0), "U0BEN", utc(2026, 7, 1, 18)),
        (utc(2026, 12, 1, 6, 30), "U0ANN", utc(2026, 12, 1, 7)),  # winter: one
        (utc(2026, 3, 29, 5, 59), "U0ANN", utc(2026, 3, 29, 6)),  # the night that is an hour shorter
        (utc(2026, 3, 29, 6, 0), "U0BEN", utc(2026, 3, 29, 18)),
        (utc(2026, 10, 25, 6, 30), "U0ANN", utc(2026, 10, 25, 7)),  # the night that is an hour longer
        (utc(2026, 10, 25, 7, 0), "U0BEN", utc(2026, 10, 25, 19)),
        (utc(2026, 11, 30, 9, 30), "U0ANN", utc(2026, 11, 30, 11)),  # of two, the one that began last
    ],
)
async def test_shifts_follow_the_clocks_of_their_own_zone(
    tmp_path: Path, at: datetime, who: str, until: datetime
):
    shift = await rota(tmp_path).shift(at)
    assert shift and (shift.user, shift.until) == (who, until)


async def test_a_day_that_is_taken_out_has_nobody(tmp_path: Path):
    assert await rota(tmp_path).shift(utc(2026, 12, 25, 12)) is None


async def test_a_cancelled_shift_and_a_stranger_are_nobodys(tmp_path: Path):
    text = ROTA.replace("UID:days", "STATUS:CANCELLED\nUID:days").replace("Ann", "Zoe")
    schedule = rota(tmp_path, text)
    assert await schedule.shift(utc(2026, 7, 1, 12)) is None
    assert await schedule.shift(utc(2026, 7, 1, 3)) is None


async def test_days_without_a_time_and_times_without_a_zone_go_by_the_configured_one(tmp_path: Path):
    text = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//rota//EN
BEGIN:VEVENT
UID:week@example.com
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260706
DTEND;VALUE=DATE:20260713
SUMMARY:Ann
END:VEVENT
END:VCALENDAR
"""
    schedule = rota(tmp_path, text)
    assert await schedule.shift(utc(2026, 7, 5, 21, 59)) is None
    shift = await schedule.shift(utc(2026, 7, 5, 22, 0))
    assert shift == Shift(user="U0ANN", name="Ann", until=utc(2026, 7, 12, 22))


WEEK = """BEGIN:VEVENT
UID:week@example.com
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260706
DTEND;VALUE=DATE:20260713
SUMMARY:Ann
END:VEVENT
"""
MONDAY = """BEGIN:VEVENT
UID:monday@example.com
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260706
DTEND;VALUE=DATE:20260707
SUMMARY:ben@example.com
END:VEVENT
"""


@pytest.mark.parametrize("events", [WEEK + MONDAY, MONDAY + WEEK])
async def test_of_two_shifts_that_begin_together_the_shorter_is_the_exception(tmp_path: Path, events: str):
    schedule = rota(tmp_path, f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{events}END:VCALENDAR\n")
    for day, who in ((6, "U0BEN"), (7, "U0ANN")):
        shift = await schedule.shift(utc(2026, 7, day, 12))
        assert shift and shift.user == who


@pytest.mark.parametrize(
    ("parameters", "who"),
    [
        ("", "U0BEN"),
        (";PARTSTAT=ACCEPTED", "U0BEN"),
        (";PARTSTAT=TENTATIVE", "U0BEN"),
        (";PARTSTAT=declined", None),
        (";PARTSTAT=DECLINED;CN=Ben", None),
        (";PARTSTAT=DELEGATED", None),
    ],
)
async def test_an_attendee_who_does_not_come_is_not_on_call(tmp_path: Path, parameters: str, who: str | None):
    schedule = rota(tmp_path, ROTA.replace("ATTENDEE:", f"ATTENDEE{parameters}:"))
    shift = await schedule.shift(utc(2026, 7, 1, 12))
    assert (shift and shift.user) == who


async def test_an_edit_of_the_file_counts_at_once(tmp_path: Path):
    schedule = rota(tmp_path)
    (tmp_path / "on-call.ics").write_text(
        ROTA.replace("SUMMARY:Day shift", "SUMMARY:Ann").replace("ATTENDEE:mailto:ben@example.com\n", "")
    )
    shift = await schedule.shift(utc(2026, 7, 1, 12))
    assert shift and shift.user == "U0ANN"


async def test_a_file_that_is_gone_is_said(tmp_path: Path):
    schedule = rota(tmp_path)
    (tmp_path / "on-call.ics").unlink()
    with pytest.raises(SourceDown, match="No such file"):
        await schedule.shift(utc(2026, 7, 1, 12))


def entry(user: str, level: int = 1) -> dict[str, object]:
    return {
        "user": {"id": user, "type": "user_reference", "summary": f"{user} Someone", "self": None},
        "schedule": {"id": "PSCHED1", "type": "schedule_reference", "summary": "Night"},
        "escalation_policy": {"id": "PPOL1", "type": "escalation_policy_reference"},
        "escalation_level": level,
        "start": "2026-11-24T08:00:00Z",
        "end": "2026-11-25T08:00:00Z",
    }


def by_pagerduty(
    http: httpx.AsyncClient, secret: Secret, url: str, token: str = REST_TOKEN
) -> PagerDutySchedule:
    settings = {"token": secret(token), "schedule": "PSCHED1", "url": url}
    people = {"PANN": "U0ANN", "PBEN": "U0BEN"}
    return PagerDutySchedule(PagerDutyScheduleSettings.model_validate(settings), people, http)


NOW = utc(2026, 11, 24, 12)


async def test_pagerduty_says_who_is_on_call_first(http: httpx.AsyncClient, secret: Secret):
    server = PagerDutyServer(on_call=[entry("PBEN", level=2), entry("PANN")])
    async with serve(server.app) as url:
        shift = await by_pagerduty(http, secret, url).shift(NOW)
    assert shift == Shift(user="U0ANN", name="PANN", until=utc(2026, 11, 25, 8))


async def test_pagerduty_may_know_nobody_or_a_stranger_or_refuse(http: httpx.AsyncClient, secret: Secret):
    server = PagerDutyServer()
    async with serve(server.app) as url:
        assert await by_pagerduty(http, secret, url).shift(NOW) is None
        server.on_call = [entry("PZOE")]
        with pytest.raises(SourceDown, match=r"PZOE Someone is on call, whom .* does not know"):
            await by_pagerduty(http, secret, url).shift(NOW)
        with pytest.raises(SourceDown, match=r"refuses with 401.*Access Denied"):
            await by_pagerduty(http, secret, url, token="wrong").shift(NOW)
        server.faults = [broken]
        with pytest.raises(SourceDown, match="refuses with 500"):
            await by_pagerduty(http, secret, url).shift(NOW)
