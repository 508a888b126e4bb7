"""A month is held against the objective, and what is not known of it is never called fine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.domain.alert_sources import LeaderRecord
from handlers.domain.history.account import Account, Outcome
from handlers.domain.history.leaderless import Span
from handlers.domain.history.month import Held, Median, Month, MonthReport, Objective

NOVEMBER = Month(2026, 11)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WHOLE = NOVEMBER.end - NOVEMBER.start


def account(
    day: float = 1,
    *,
    lost: timedelta = timedelta(),
    outcome: Outcome = Outcome.MENDED,
    cause: str | None = "quorum_loss",
    nodes: tuple[str, ...] = (),
    mended: timedelta | None = None,
) -> Account:
    at = NOVEMBER.start + (day - 1) * DAY
    return Account(
        id=f"inc-{day:.0f}",
        cluster="demo",
        runbook="leader-election",
        opened_at=at,
        outcome=outcome,
        cause=cause,
        nodes=nodes,
        mended_after=mended,
        leaderless=(Span(at, at + lost),),
    )


def report(*accounts: Account, **changed: object) -> MonthReport:
    whole = MonthReport(
        "demo",
        NOVEMBER,
        NOVEMBER.end,
        accounts,
        kept_since=NOVEMBER.start - DAY,
        objective=Objective(10),
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


class TestMonth:
    """A month of the calendar, in UTC."""

    def test_it_goes_from_its_first_moment_to_that_of_the_next(self) -> None:
        assert Month(2026, 12).end == datetime(2027, 1, 1, tzinfo=UTC)
        assert NOVEMBER.start == datetime(2026, 11, 1, tzinfo=UTC)
        assert Month.of(datetime.fromisoformat("2026-12-01T00:30:00+01:00")) == NOVEMBER

    def test_it_is_written_as_it_is_read(self) -> None:
        assert Month.parse("2026-11") == NOVEMBER
        assert str(Month(2026, 3)) == "2026-03"
        assert Month(2026, 3) < NOVEMBER < Month(2027, 1)

    @pytest.mark.parametrize("words", ["2026-13", "2026-00", "2026-1", "0000-01", "9999-12", "11-2026"])
    def test_what_is_no_month_is_none(self, words: str) -> None:
        assert Month.parse(words) is None


class TestTheObjective:
    """Minutes without a leader against those that are allowed."""

    def test_it_is_held_up_to_the_last_second(self) -> None:
        assert report(account(lost=10 * MINUTE)).held is Held.HELD
        assert report(account(lost=10 * MINUTE + timedelta(seconds=1))).held is Held.MISSED

    def test_minutes_that_two_incidents_share_count_once(self) -> None:
        assert report(account(lost=10 * MINUTE), account(lost=8 * MINUTE)).leaderless == 10 * MINUTE

    def test_while_the_month_goes_on_it_is_held_so_far(self) -> None:
        running = report(account(lost=MINUTE), until=NOVEMBER.start + 9 * DAY)
        assert (running.is_over, running.held) == (False, Held.SO_FAR)
        assert replace(running, accounts=(account(lost=11 * MINUTE),)).held is Held.MISSED

    def test_an_incident_that_reaches_into_the_month_counts_from_its_beginning(self) -> None:
        before = account(0, lost=DAY + 7 * MINUTE)
        assert report(earlier=(before,)).leaderless == 7 * MINUTE
        after = account(30.999, lost=DAY)
        assert report(after).leaderless < 2 * MINUTE

    @pytest.mark.parametrize(
        "gap",
        [{"kept_since": NOVEMBER.start + DAY}, {"kept_since": None}, {"left_out": 1}, {"unreadable": 1}],
    )
    def test_a_month_that_is_kept_in_part_is_not_called_held(self, gap: dict[str, object]) -> None:
        part = report(account(lost=MINUTE), **gap)
        assert (part.is_whole, part.held) == (False, Held.UNDETERMINED)
        lost = report(account(lost=11 * MINUTE), **gap)
        assert lost.held is Held.MISSED, "what is known is enough for that"

    def test_without_an_objective_nothing_is_judged(self) -> None:
        assert report(account(lost=DAY), objective=Objective()).held is Held.NO_OBJECTIVE

    def test_no_minute_may_be_allowed(self) -> None:
        none = Objective(0)
        assert report(objective=none).held is Held.HELD
        assert report(account(lost=MINUTE), objective=none).held is Held.MISSED


class TestPrometheus:
    """Where Prometheus looked on, its minutes count, and what it did not see stays open."""

    def test_its_minutes_go_before_the_bots_own(self) -> None:
        seen = report(account(lost=MINUTE), record=LeaderRecord(WHOLE, 4 * MINUTE))
        assert (seen.from_prometheus, seen.leaderless, seen.held) == (True, 4 * MINUTE, Held.HELD)

    def test_it_need_not_be_that_the_incidents_are_kept(self) -> None:
        assert report(kept_since=None, record=LeaderRecord(WHOLE, MINUTE)).held is Held.HELD

    def test_what_it_does_not_know_could_have_missed_the_objective(self) -> None:
        nearly = report(record=LeaderRecord(WHOLE - 6 * MINUTE, 4 * MINUTE))
        assert (nearly.unknown, nearly.held) == (6 * MINUTE, Held.HELD)
        half = report(record=LeaderRecord(WHOLE - 7 * MINUTE, 4 * MINUTE))
        assert half.held is Held.UNDETERMINED

    def test_where_it_knows_nothing_the_incidents_own_times_count(self) -> None:
        blank = report(account(lost=MINUTE), record=LeaderRecord(timedelta(), timedelta()))
        assert (blank.from_prometheus, blank.leaderless) == (False, MINUTE)

    def test_what_it_has_no_series_of_is_not_taken_for_time_with_a_leader(self) -> None:
        blank = report(account(lost=MINUTE), record=LeaderRecord(timedelta(), timedelta()))
        assert (blank.unknown, blank.held) == (WHOLE - MINUTE, Held.UNDETERMINED)
        silent = report(account(lost=MINUTE), silence="Prometheus does not answer.")
        assert (silent.unknown, silent.held) == (WHOLE - MINUTE, Held.UNDETERMINED)

    def test_before_its_retention_the_incidents_may_tell_of_more(self) -> None:
        """It keeps the second half of the month, and nobody led in the first."""
        half = LeaderRecord(WHOLE / 2, 2 * MINUTE)
        late = report(account(1, lost=9 * MINUTE), record=half)
        assert (late.from_prometheus, late.leaderless, late.unknown) == (False, 9 * MINUTE, WHOLE / 2)
        assert late.held is Held.UNDETERMINED
        assert report(account(1, lost=11 * MINUTE), record=half).held is Held.MISSED


class TestCounts:
    """Causes, repeat offenders, false alarms and medians."""

    def test_causes_are_the_most_frequent_first_and_what_is_not_known_last(self) -> None:
        month = report(
            account(1, cause=None),
            account(2, cause=None),
            account(3, cause="clock_skew"),
            account(4),
            account(5),
            account(6, cause="alert_stale", outcome=Outcome.FALSE_ALARM),
        )
        assert month.causes == (("quorum_loss", 2), ("clock_skew", 1), (None, 2))
        assert [each.id for each in month.false_alarms] == ["inc-6"]

    def test_a_node_offends_repeatedly_from_its_second_incident_on(self) -> None:
        month = report(
            account(1, nodes=("node2", "node3")),
            account(2, nodes=("node2",)),
            account(3, nodes=("node1",), outcome=Outcome.FALSE_ALARM),
            account(4, nodes=("node1",)),
        )
        assert month.offenders == (("node2", 2),)

    def test_a_median_is_of_those_that_came_so_far(self) -> None:
        month = report(account(1, mended=MINUTE), account(2, mended=3 * MINUTE), account(3))
        medians = dict(month.medians())
        assert medians["mend"] == Median(2 * MINUTE, of=2)
        assert medians["acknowledge"] == Median(None, of=0)
        assert list(medians) == ["detect", "acknowledge", "diagnose", "mend"]
