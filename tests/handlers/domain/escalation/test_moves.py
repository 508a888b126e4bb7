"""Who is told of an incident that nobody has, and when: decided from events and a clock's value alone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.domain.escalation.model import (
    Because,
    EscalationPlan,
    PageAct,
    Policy,
    Target,
    TargetKind,
    Tier,
)
from handlers.domain.escalation.moves import ReachTier, SendPage, WaitUntil, next_move, retry_at
from handlers.domain.escalation.quiet_hours import QuietHours
from handlers.domain.events import Event
from handlers.domain.events.escalation import PageTried, TierReached
from handlers.domain.events.lifecycle import Closed, Reopened
from handlers.domain.events.recovery import LeaderVerified
from handlers.domain.events.triage import Acknowledged, Snoozed
from handlers.domain.fold import fold
from runbooks.model import Leadership
from tests.builders import ALICE, NOON, alert, opened

PAGERDUTY, OPSGENIE = TargetKind.PAGERDUTY, TargetKind.OPSGENIE
ANN = Target(kind=TargetKind.USER, id="U0ANN")
GROUP = Target(kind=TargetKind.GROUP, id="S0GROUP")
NOBODY = Target(kind=TargetKind.ON_CALL)
PD = Target(kind=PAGERDUTY)
SHOWN = frozenset({"headline", "tier-1", "tier-2"})
NIGHT = QuietHours(time(22), time(7), ZoneInfo("Europe/Berlin"))


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def plan(*tiers: tuple[int, tuple[Target, ...]], quiet: QuietHours | None = None) -> EscalationPlan:
    return EscalationPlan(
        (Policy(tuple(Tier(timedelta(minutes=after), targets) for after, targets in tiers)),), quiet
    )


PLAN = plan((5, (ANN,)), (10, (GROUP, PD)))


def move(*events: Event, at: float, by: EscalationPlan = PLAN, shown: frozenset[str] = SHOWN):
    return next_move(fold("inc-1", [opened(), *events]), by, shown, minutes(at))


def reached(tier: int, *targets: Target, at: float) -> TierReached:
    return TierReached(at=minutes(at), tier=tier, because=Because.UNACKNOWLEDGED, targets=targets)


def tried(
    at: float,
    *,
    delivered: bool,
    tier: int = 2,
    act: PageAct = PageAct.TRIGGER,
    route: TargetKind = PAGERDUTY,
    again: float | None = None,
) -> PageTried:
    return PageTried(
        at=minutes(at),
        tier=tier,
        route=route,
        act=act,
        delivered=delivered,
        again_at=None if again is None else minutes(again),
    )


ACKNOWLEDGED = Acknowledged(at=minutes(7), by=ALICE)


def test_the_first_tier_waits_for_its_minutes_and_is_reached_then():
    assert move(at=4.9) == WaitUntil(minutes(5))
    assert move(at=5) == ReachTier(1, Because.UNACKNOWLEDGED, (ANN,))


def test_a_tier_is_reached_once_and_the_next_waits_for_its_own_minutes():
    assert move(reached(1, ANN, at=5), at=9.9) == WaitUntil(minutes(10))
    assert move(reached(1, ANN, at=5), at=10) == ReachTier(2, Because.UNACKNOWLEDGED, (GROUP, PD))


def test_a_tier_that_was_told_late_leaves_the_next_as_far_behind_as_usual():
    late = reached(1, ANN, at=40)
    assert move(late, at=40) == WaitUntil(minutes(45))
    assert isinstance(move(late, at=45), ReachTier)


def test_after_the_last_tier_nothing_is_due():
    told = (reached(1, ANN, at=5), reached(2, GROUP, PD, at=10), tried(10, delivered=True))
    assert move(*told, at=500) == WaitUntil(None)


@pytest.mark.parametrize(
    "by_somebody",
    [
        ACKNOWLEDGED,
        Snoozed(at=minutes(1), by=ALICE, until=minutes(90)),
        LeaderVerified(
            at=minutes(3),
            leadership=Leadership(leader="node1", term=2, acknowledged_by=("node2",), majority=True),
            stable_s=10,
        ),
    ],
)
def test_what_somebody_has_or_what_mends_itself_reaches_no_further_tier(by_somebody: Event):
    assert not isinstance(move(by_somebody, at=60), ReachTier)


def test_a_snoozed_incident_that_nobody_took_begins_anew_when_the_snooze_ends():
    snoozed = Snoozed(at=minutes(1), by=ALICE, until=minutes(31))
    assert move(snoozed, at=20) == WaitUntil(minutes(36))
    assert isinstance(move(snoozed, at=36), ReachTier)


def test_who_reopens_it_has_it():
    again = (Closed(at=minutes(2), detail="Resolved."), Reopened(at=minutes(3), by=ALICE))
    assert move(*again, at=60) == WaitUntil(None)


def test_a_route_past_slack_is_paged_once_and_only_where_it_did_not_take_it_again():
    at_two = (reached(1, ANN, at=5), reached(2, GROUP, PD, at=10))
    assert move(*at_two, at=10) == SendPage(2, PAGERDUTY, PageAct.TRIGGER)
    assert move(*at_two, tried(10, delivered=True), at=11) == WaitUntil(None)
    assert move(*at_two, tried(10, delivered=False, again=12), at=11) == WaitUntil(minutes(12))
    failed = tried(10, delivered=False, again=12)
    assert move(*at_two, failed, at=12) == SendPage(2, PAGERDUTY, PageAct.TRIGGER)


def test_acknowledging_ends_it_on_every_route_that_was_told_or_may_have_been():
    killed_before_the_note = (reached(1, PD, Target(kind=OPSGENIE), at=5), ACKNOWLEDGED)
    assert move(*killed_before_the_note, at=8) == SendPage(0, PAGERDUTY, PageAct.ACKNOWLEDGE)
    taken = tried(8, tier=0, act=PageAct.ACKNOWLEDGE, delivered=True)
    assert move(*killed_before_the_note, taken, at=8) == SendPage(0, OPSGENIE, PageAct.ACKNOWLEDGE)


def test_what_is_acknowledged_is_triggered_no_more_though_the_route_never_took_it():
    failing = (reached(1, PD, at=5), tried(5, tier=1, delivered=False, again=6), ACKNOWLEDGED)
    done = tried(7, tier=0, act=PageAct.ACKNOWLEDGE, delivered=True)
    assert move(*failing, done, at=90) == WaitUntil(None)


def test_the_close_resolves_what_was_paged_for_a_day_and_is_given_up_then():
    closed = (reached(1, PD, at=5), Closed(at=minutes(9), detail="Resolved."))
    assert move(*closed, at=9) == SendPage(0, PAGERDUTY, PageAct.RESOLVE)
    assert move(*closed, at=9 + 25 * 60) == WaitUntil(None)


def test_where_slack_does_not_show_the_incident_the_next_tiers_are_reached_at_once():
    away = frozenset[str]()
    assert move(at=0.4, shown=away) == WaitUntil(NOON + timedelta(seconds=30))
    assert move(at=0.5, shown=away) == ReachTier(1, Because.SLACK_AWAY, (ANN,))
    at_one = reached(1, ANN, at=0.5)
    assert move(at_one, at=0.9, shown=away) == WaitUntil(minutes(1))
    assert move(at_one, at=1, shown=away) == ReachTier(2, Because.UNDELIVERED, (GROUP, PD))


def test_haste_without_a_route_past_slack_would_only_use_the_tiers_up():
    only_slack = plan((5, (ANN,)), (10, (GROUP,)))
    assert move(at=1, by=only_slack, shown=frozenset()) == WaitUntil(minutes(5))


def test_where_nobody_is_on_call_the_next_tier_is_reached_at_once():
    by_schedule = plan((5, (NOBODY,)), (30, (GROUP,)))
    assert move(reached(1, NOBODY, at=5), at=5, by=by_schedule) == ReachTier(2, Because.UNDELIVERED, (GROUP,))


def test_a_route_that_refuses_gives_way_to_the_next_tier_and_goes_on_being_tried():
    two_routes = plan((5, (PD,)), (30, (Target(kind=OPSGENIE),)))
    refused = (reached(1, PD, at=5), tried(5, tier=1, delivered=False, again=6))
    assert move(*refused, at=5.1, by=two_routes) == ReachTier(
        2, Because.UNDELIVERED, (Target(kind=OPSGENIE),)
    )


def test_the_first_policy_that_covers_an_incident_holds():
    low = Policy((Tier(timedelta(minutes=60), (GROUP,)),), severities=frozenset({"warning"}))
    other = Policy((Tier(timedelta(minutes=1), (GROUP,)),), clusters=frozenset({"other"}))
    rest = Policy((Tier(timedelta(minutes=5), (ANN,)),))
    assert move(at=0, by=EscalationPlan((low, other, rest))) == WaitUntil(minutes(5))
    assert move(at=90, by=EscalationPlan((low, other))) == WaitUntil(None)


def in_the_night(severity: str, now: datetime, opened_at: datetime):
    first = opened(alert(severity=severity)).model_copy(update={"at": opened_at})
    by = plan((5, (ANN,)), quiet=NIGHT)
    return next_move(fold("inc-1", [first]), by, SHOWN, now)


def test_in_quiet_hours_a_warning_waits_and_what_is_critical_does_not():
    at_one = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    soon = at_one + timedelta(minutes=5)
    assert in_the_night("warning", soon, at_one) == WaitUntil(datetime(2026, 11, 25, 6, 0, tzinfo=UTC))
    at_seven = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
    assert isinstance(in_the_night("warning", at_seven, at_one), ReachTier)
    assert isinstance(in_the_night("critical", soon, at_one), ReachTier)


def test_pauses_double_up_to_a_quarter_of_an_hour_and_what_the_route_asks_for_is_kept():
    pauses = [(retry_at(attempt, NOON) - NOON).total_seconds() for attempt in (1, 2, 3, 8, 9, 60)]
    assert pauses == [5, 10, 20, 640, 900, 900]
    assert retry_at(1, NOON, timedelta(seconds=60)) == NOON + timedelta(seconds=60)
    assert retry_at(4, NOON, timedelta(seconds=1)) == NOON + timedelta(seconds=40)
