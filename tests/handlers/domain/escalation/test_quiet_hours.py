"""When quiet hours are over, also in the nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.domain.escalation.quiet_hours import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(7), BERLIN)
JUMP = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
"""From 02:00 to 03:00 in Berlin."""


@pytest.mark.parametrize(
    ("evening", "over"),
    [
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 20, 0, tzinfo=UTC), datetime(2026, 7, 2, 5, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 19, 59, tzinfo=UTC), datetime(2026, 7, 1, 19, 59, tzinfo=UTC)),
        (datetime(2026, 7, 1, 5, 0, tzinfo=UTC), datetime(2026, 7, 1, 5, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_end_by_the_clocks_of_their_zone_also_in_the_nights_these_change(
    evening: datetime, over: datetime
):
    assert NIGHT.over_at(evening) == over


def quiet(begin: time, end: time, zone: str = "Europe/Berlin") -> QuietHours:
    return QuietHours(begin, end, ZoneInfo(zone))


def told(hours: QuietHours, *at: int) -> datetime:
    return hours.over_at(datetime(*at, tzinfo=UTC))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("begin", [time(22), time(0), time(1, 30)])
def test_an_end_that_the_clocks_leave_out_is_the_moment_they_jump(begin: time):
    hours = quiet(begin, time(2, 30))
    assert told(hours, 2026, 3, 29, 0, 50) == JUMP
    assert told(hours, 2026, 3, 29, 1, 0) == JUMP


def test_a_begin_that_the_clocks_leave_out_is_the_moment_they_jump():
    hours = quiet(time(2, 30), time(7))
    assert told(hours, 2026, 3, 29, 0, 59) == JUMP - timedelta(minutes=1)
    assert told(hours, 2026, 3, 29, 1, 0) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)


def test_hours_that_the_clocks_leave_out_whole_put_nothing_off():
    hours = quiet(time(2, 15), time(2, 45))
    for minute in (59, 0, 20):
        at = JUMP.replace(hour=0 if minute == 59 else 1, minute=minute)
        assert hours.over_at(at) == at


def test_an_end_that_the_clocks_show_twice_is_the_first():
    hours = quiet(time(22), time(2, 30))
    assert told(hours, 2026, 10, 24, 22, 10) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second_ten_past_two = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert hours.over_at(second_ten_past_two) == second_ten_past_two


def test_hours_that_begin_at_a_time_shown_twice_are_not_interrupted():
    hours = quiet(time(2, 30), time(7))
    for at in ((0, 30), (0, 45), (1, 10), (1, 30), (5, 59)):
        assert told(hours, 2026, 10, 25, *at) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
    assert told(hours, 2026, 10, 25, 0, 29) == datetime(2026, 10, 25, 0, 29, tzinfo=UTC)


def test_where_both_ends_fall_into_the_jump_it_goes_on_to_the_next_end():
    hours = quiet(time(2, 30), time(2, 15))  # all but a quarter of an hour
    assert told(hours, 2026, 3, 28, 12, 0) == datetime(2026, 3, 30, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Havana"]
)
@pytest.mark.parametrize(("begin", "end"), [(22, 7), (0, 1), (23, 0), (2, 3), (1, 2), (3, 1)], ids=str)
def test_whatever_is_put_off_is_told_later_and_then_at_once(zone: str, begin: int, end: int):
    hours = quiet(time(begin, 30), time(end, 30), zone)
    for month, day in ((3, 7), (3, 28), (4, 4), (10, 3), (10, 24), (10, 31)):
        first = datetime(2026, month, day, tzinfo=UTC)
        for at in (first + timedelta(minutes=25 * step) for step in range(100)):
            over = hours.over_at(at)
            assert at <= over <= at + timedelta(hours=25)
            assert hours.over_at(over) == over
