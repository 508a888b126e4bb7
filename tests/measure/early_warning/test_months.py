"""Generated readings: the same seed gives the same month, and a fault in it is warned of before it fails."""

from __future__ import annotations

from datetime import timedelta

from measure.early_warning.__main__ import posted
from measure.early_warning.faults import FAULTS
from measure.early_warning.month import BEGINS, EVERY, World, month
from runbooks.posture.model import Check


def test_a_month_is_a_reading_a_quarter_of_an_hour_and_repeats_with_its_seed():
    readings = list(month(7, 0.5))
    assert [each.started_at for each in readings[:2]] == [BEGINS, BEGINS + EVERY]
    assert len(readings) == 48
    assert readings == list(month(7, 0.5))
    assert readings != list(month(8, 0.5))


def test_a_drifting_clock_is_posted_hours_before_its_limit_and_a_quiet_one_is_not():
    def drift(world: World, hours: float) -> None:
        world.hosts["node2"].offset_ms += 40 * hours

    crosses = BEGINS + timedelta(hours=12 + 500 / 40)
    warnings = [at for at, check in posted(month(7, 1.0, drift, 12)) if check is Check.CLOCK_DRIFT]
    assert len(warnings) == 1
    assert warnings[0] < crosses - timedelta(hours=4)
    assert list(posted(month(7, 1.0))) == []


def test_each_fault_is_named_once_and_names_checks():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.checks for fault in FAULTS)
