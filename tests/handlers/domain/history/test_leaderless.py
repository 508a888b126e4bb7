"""For how long readings showed no leader: not before anybody looked, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

from handlers.domain.events import Event
from handlers.domain.events.diagnosis import FindingsRanked
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen
from handlers.domain.history.leaderless import Span, leaderless, total
from handlers.domain.undetermined import Judgement, Undetermined
from runbooks.evidence import Role
from runbooks.model import Leadership
from tests.bot import incidents
from tests.builders import NOON, dead, diagnosed, evidence, node, opened


def second(number: float) -> timedelta:
    return timedelta(seconds=number)


def without_a_leader(events: list[Event]) -> timedelta:
    return total(leaderless(events) or ())


def seen(at_s: float, leader: str | None) -> LeaderSeen:
    lead = Leadership(leader=leader, term=9, acknowledged_by=("node2",), majority=leader is not None)
    return LeaderSeen(at=NOON + second(at_s), leadership=lead)


def test_a_leader_that_comes_and_goes_counts_only_while_it_is_gone() -> None:
    events: list[Event] = [
        opened(),
        seen(10, None),
        seen(40, "node1"),
        seen(50, None),
        seen(55, "node2"),
        seen(90, None),
    ]
    assert leaderless(events) == (
        Span(NOON + second(10), NOON + second(40)),
        Span(NOON + second(50), NOON + second(55)),
        Span(NOON + second(90), NOON + second(90)),
    )
    closed = Closed(at=NOON + second(100), detail="")
    assert without_a_leader([*events, closed]) == second(45)


def test_what_nobody_looked_for_is_not_known() -> None:
    assert leaderless([opened()]) is None
    assert leaderless([opened(), Closed(at=NOON + second(60), detail="")]) is None


def test_a_leader_that_no_majority_follows_is_none_in_a_reading_either() -> None:
    _, ranked = diagnosed(evidence(node("node1", role=Role.LEADER), dead("node2"), dead("node3")))
    assert isinstance(ranked, FindingsRanked)
    assert ranked.diagnosis.leadership.leader == "node1", "it goes on to claim it"
    again = ranked.model_copy(update={"at": NOON + second(30)})
    assert without_a_leader([ranked, again]) == second(30)


def test_a_reading_that_shows_nothing_is_no_proof_that_nobody_leads() -> None:
    read, _ = diagnosed(incidents.unknown())
    failed = Undetermined(Judgement.DIAGNOSIS, "KeyError").diagnosis
    unjudged = FindingsRanked(at=NOON, diagnosis=failed)
    assert leaderless([opened(), *diagnosed(incidents.unknown())]) is None
    assert leaderless([opened(), read, unjudged]) is None


def test_while_nodes_are_awaited_one_of_them_may_lead() -> None:
    read, ranked = diagnosed(evidence(*incidents.led()).model_copy(update={"complete": False}))
    assert leaderless([opened(), read, ranked]) is None


def test_what_two_incidents_cover_counts_once() -> None:
    spans = [
        Span(NOON + second(50), NOON + second(90)),
        Span(NOON, NOON + second(60)),
        Span(NOON + second(10), NOON + second(20)),
        Span(NOON + second(100), NOON + second(101)),
    ]
    assert total(spans) == second(91)
    assert total(()) == second(0)


def test_a_month_cuts_what_reaches_over_its_end() -> None:
    span = Span(NOON, NOON + second(60))
    assert span.within(NOON - second(5), NOON + second(20)) == Span(NOON, NOON + second(20))
    assert span.within(NOON + second(60), NOON + second(90)) is None
