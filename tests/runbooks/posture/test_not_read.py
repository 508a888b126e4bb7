"""What was not read is never fine: counters, clocks and links of which nobody knows."""

from __future__ import annotations

import pytest
from msgspec import structs

from runbooks.evidence import Clock, Evidence, Service, WallClock
from runbooks.posture.model import Check, Severity
from runbooks.posture.samples import NodeSample, Sample, sample_of
from tests.builders import dead, evidence, healthy, known, missing, silent
from tests.runbooks.posture.test_lines import line, on_node2, watched, with_node2

NOTHING_READ = evidence(silent("node1"), silent("node2"), silent("node3"))


def unread(sample: Sample, _: int = 0) -> Sample:
    return structs.replace(sample, nodes={name: NodeSample() for name in sample.nodes})


def started(restarts: int | None) -> Service:
    return Service(state="active", restarts=restarts)


class TestCounters:
    @pytest.mark.parametrize("check", [Check.ELECTIONS, Check.RESTARTS])
    def test_a_week_in_which_nothing_was_read_is_not_known(self, check: Check):
        assert line(check, NOTHING_READ, watched(7.0, unread)).severity is Severity.UNKNOWN

    def test_a_restart_beside_a_reading_that_failed_is_counted(self):
        def flaky(sample: Sample, left: int) -> Sample:
            return with_node2(sample, restarts=None if left % 2 else 0 if left > 20 else 5)

        found = line(Check.RESTARTS, on_node2(service=known(started(5))), watched(2.0, flaky))
        assert (found.severity, found.fact) == (Severity.WARNING, "in the last day node2 5 times")

    def test_elections_beside_readings_that_failed_are_counted(self):
        def flaky(sample: Sample, left: int) -> Sample:
            return with_node2(sample, elections_total=None if left % 2 else 3 if left > 20 else 43)

        found = line(Check.ELECTIONS, on_node2(elections=(43, 43)), watched(4.0, flaky))
        assert (found.severity, found.fact) == (Severity.WARNING, "40 in the last day, usually 0")

    def test_a_counter_that_fell_began_anew_and_shows_what_came_since(self):
        def reset(sample: Sample, left: int) -> Sample:
            return with_node2(sample, restarts=9 if left > 40 else None if left > 20 else 4)

        found = line(Check.RESTARTS, on_node2(service=known(started(4))), watched(2.0, reset))
        assert found.fact == "in the last day node2 4 times"

    def test_two_readings_of_a_day_are_no_day(self):
        def once(sample: Sample, left: int) -> Sample:
            return with_node2(sample, elections_total=3 if left == 1 else None, restarts=None)

        for check in (Check.ELECTIONS, Check.RESTARTS):
            found = line(check, on_node2(service=known(started(0))), watched(4.0, once))
            assert found.severity is Severity.UNKNOWN, found.fact
            assert "node2" in found.fact

    def test_a_node_that_is_down_is_no_gap_among_the_elections(self):
        def gone(sample: Sample, _: int) -> Sample:
            return with_node2(sample, elections_total=None)

        first, _, third = healthy()
        read = evidence(first, dead("node2", metrics=missing("refused")), third)
        assert line(Check.ELECTIONS, read, watched(4.0, gone)).severity is Severity.FINE


def looked_at(ahead_ms: float) -> Evidence:
    """The bot's own look at every clock; chrony says everywhere that its clock is right."""
    look = dict.fromkeys(("node1", "node3"), 0.0) | {"node2": ahead_ms}
    return evidence(
        *(
            each.model_copy(update={"wall_clock": known(WallClock(ahead_ms=look[each.node], error_ms=2))})
            for each in healthy()
        )
    )


def without_ntp(read: Evidence) -> Evidence:
    """The same with no NTP service on any node."""
    nodes = (each.model_copy(update={"clock": missing("no NTP service is active")}) for each in read.nodes)
    return read.model_copy(update={"nodes": tuple(nodes)})


class TestClocks:
    def test_a_clock_that_the_bot_sees_elsewhere_than_chrony_is_not_known_to_be_right(self):
        found = line(Check.CLOCK_OFFSET, looked_at(5_000.0))
        assert (found.severity, found.nodes) == (Severity.UNKNOWN, ("node2",))
        assert line(Check.CLOCK_OFFSET, looked_at(3.0)).severity is Severity.FINE

    def test_without_any_ntp_clocks_that_are_seen_apart_are_told(self):
        found = line(Check.CLOCK_OFFSET, without_ntp(looked_at(5_000.0)))
        assert (found.severity, found.nodes) == (Severity.WARNING, ("node1", "node2", "node3"))
        assert "node1 and node2 by 5000 ms" in found.fact and "measured from here ±4 ms" in found.fact

    def test_without_any_ntp_clocks_that_are_seen_together_are_still_not_known_to_be_right(self):
        found = line(Check.CLOCK_OFFSET, without_ntp(looked_at(3.0)))
        assert found.severity is Severity.UNKNOWN and "at most 3 ms apart" in found.fact

    def test_it_is_no_point_of_a_drift_either(self):
        assert sample_of(looked_at(5_000.0)).nodes["node2"].offset_ms is None
        assert sample_of(looked_at(3.0)).nodes["node2"].offset_ms == 0.0

    def test_one_that_may_have_been_set_since_and_has_no_witness_is_not_known(self):
        clock = Clock(offset_ms=0, error_ms=1, synchronised=True, source="ntp.example", doubts=("stale",))
        found = line(Check.CLOCK_OFFSET, on_node2(clock=known(clock)))
        assert (found.severity, found.nodes) == (Severity.UNKNOWN, ("node2",))
