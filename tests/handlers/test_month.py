"""A month is read back from what is kept: what belongs to it, what is missing, and what Prometheus saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers import commands, month
from handlers.commands.answers import Asked, MonthShown
from handlers.domain.alert_sources import LeaderRecord
from handlers.domain.events import Event
from handlers.domain.history.account import Outcome
from handlers.domain.history.month import Held, MonthReport, Objective
from handlers.errors import NotAllowed, Refused, UnknownCluster
from tests.bot import incidents
from tests.builders import ALICE, BOB, NOON, opened
from tests.handlers.world import Alerting, World

MARCH = datetime(2026, 3, 3, 3, tzinfo=UTC)


def remembers(world: World, *stories: tuple[datetime, tuple[Event, ...]]) -> None:
    """Let past incidents be kept, numbered in their order."""
    for number, (when, events) in enumerate(stories, start=1):
        world.timelines.events[f"inc-{number}"] = incidents.opened_at(when, events)
    world.timelines.past = tuple(f"inc-{number}" for number in range(1, len(stories) + 1))


async def month_of(world: World, words: str = "") -> MonthReport:
    answer = await commands.answer(world.ports, f"report month {words}", Asked(ALICE))
    assert isinstance(answer, MonthShown)
    return answer.report


async def test_it_is_the_present_month_unless_another_is_named() -> None:
    world = World()
    remembers(
        world,
        (MARCH, incidents.healed()),
        (NOON - timedelta(days=3), incidents.healed()),
        (NOON - timedelta(days=1), incidents.false_alarm()),
    )
    present = await month_of(world)
    assert [each.id for each in present.accounts] == ["inc-2", "inc-3"]
    assert (str(present.month), present.is_over, present.until) == ("2026-11", False, NOON)
    assert [each.outcome for each in present.accounts] == [Outcome.MENDED, Outcome.FALSE_ALARM]
    (only,) = (await month_of(world, "demo 2026-03")).accounts
    assert (only.id, only.opened_at) == ("inc-1", MARCH)
    assert (await month_of(world, "2026-03")).is_over


async def test_what_is_open_counts_too_and_of_another_cluster_nothing() -> None:
    world = World()
    world.cluster.clusters = ("demo", "eu")
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open["demo/leader-election"] = "inc-1"
    assert [each.outcome for each in (await month_of(world, "demo")).accounts] == [Outcome.OPEN]
    assert (await month_of(world, "eu")).accounts == ()
    with pytest.raises(UnknownCluster, match="Which cluster"):
        await month_of(world, "2026-11")


async def test_where_a_clock_went_back_at_the_end_of_the_month_none_of_it_is_left_out() -> None:
    world, december = World(), datetime(2026, 12, 1, tzinfo=UTC)
    hours = (-48, 5, -2, 8760, -1, 6)  # by the clocks of two replicas, of which one was a year ahead
    remembers(world, *((december + timedelta(hours=hour), incidents.healed()) for hour in hours))
    world.time.at = december + timedelta(days=500)
    report = await month_of(world, "2026-11")
    assert [each.id for each in report.accounts] == ["inc-1", "inc-3", "inc-5"]


async def test_of_a_month_long_ago_what_came_long_after_is_not_read() -> None:
    world = World()
    remembers(world, *((MARCH + timedelta(days=2 * number), incidents.healed()) for number in range(100)))
    world.timelines.tampered.add("inc-99")
    report = await month_of(world, "2026-03")
    assert (len(report.accounts), report.unreadable, report.left_out) == (15, 0, 0)


async def test_an_incident_of_the_last_night_of_the_month_before_is_not_counted_but_its_minutes_are() -> None:
    world = World()
    remembers(world, (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), incidents.healed()))
    present = await month_of(world)
    assert present.accounts == ()
    assert present.leaderless == timedelta(minutes=2)


async def test_one_that_cannot_be_read_is_counted_as_missing() -> None:
    world = World()
    remembers(world, (NOON - timedelta(days=2), incidents.healed()), (NOON, incidents.healed()))
    world.timelines.tampered = {"inc-1"}
    present = await month_of(world)
    assert (len(present.accounts), present.unreadable, present.is_whole) == (1, 1, False)


async def test_no_more_are_read_than_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month, "MAX_INCIDENTS", 2)
    monkeypatch.setattr(month, "LATER_IN_A_ROW", 1)
    world = World()
    remembers(world, *((NOON - timedelta(days=9 - day), incidents.healed()) for day in range(4)))
    assert (await month_of(world)).left_out == 2
    remembers(world, (MARCH, incidents.healed()), *((NOON, incidents.healed()) for _ in range(3)))
    assert (await month_of(world, "2026-03")).left_out == 0, "those are of a later month"


async def test_prometheus_says_for_how_long_nobody_led() -> None:
    world = World(alerting=Alerting())
    assert world.alerting
    world.alerting.leaders = LeaderRecord(NOON - datetime(2026, 11, 1, tzinfo=UTC), timedelta(minutes=7))
    world.objective = Objective(10)
    present = await month_of(world)
    assert (present.leaderless, present.held) == (timedelta(minutes=7), Held.SO_FAR)


async def test_where_prometheus_is_silent_the_incidents_own_times_count_and_it_is_said() -> None:
    world = World(alerting=Alerting(silent={"Prometheus"}))
    remembers(world, (NOON - timedelta(days=1), incidents.healed()))
    present = await month_of(world)
    assert (present.from_prometheus, present.leaderless) == (False, timedelta(minutes=3))
    assert present.silence == "Prometheus does not answer."


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("demo 2026-13", r"Which month\? Write its year and number, such as 2026-11, not 2026-13"),
        ("11/2026", "Which month"),
        ("2026-12", "2026-12 has not come yet"),
        ("dema", "No cluster dema is configured"),
        ("2026-11 demo", "No cluster 2026-11 demo is configured"),
    ],
)
async def test_what_it_cannot_be_is_refused_with_what_it_can(words: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await month_of(World(), words)


async def test_who_is_no_colleague_sees_no_nodes() -> None:
    world = World()
    world.directory.answers = False
    with pytest.raises(NotAllowed):
        await commands.answer(world.ports, "report month", Asked(BOB))
