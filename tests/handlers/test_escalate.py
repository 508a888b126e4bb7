"""An escalation carried out: told once, whoever crashes, and ended wherever it was told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handlers import escalate, triage
from handlers.domain.escalation.model import EscalationPlan, Policy, Target, TargetKind, Tier
from handlers.domain.escalation.on_call import Shift
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Closed, Remarked
from handlers.domain.events.triage import Acknowledged
from tests.builders import ALICE, NOON, opened
from tests.handlers.world import OnCallBox, Pager, World

ID = "inc-1"
PAGERDUTY, OPSGENIE = TargetKind.PAGERDUTY, TargetKind.OPSGENIE
PD, ON_CALL = Target(kind=PAGERDUTY), Target(kind=TargetKind.ON_CALL, id="on-call")
PLAN = EscalationPlan(
    (
        Policy(
            (
                Tier(timedelta(minutes=5), (ON_CALL,)),
                Tier(timedelta(minutes=10), (PD, Target(kind=OPSGENIE))),
            )
        ),
    )
)
ANN = Shift(user="U0ANN", name="Ann")


def paged_world() -> World:
    world = World(pagers={PAGERDUTY: Pager(), OPSGENIE: Pager()}, on_call=OnCallBox(scheduled=ANN))
    world.threads.stands = frozenset({"headline", "tier-1", "tier-2"})
    world.timelines.events[ID] = [opened()]
    return world


async def at_minute(world: World, minute: float):
    world.time.at = NOON + timedelta(minutes=minute)
    return await escalate.escalate(world.ports, PLAN, ID)


async def test_tiers_are_told_in_order_each_once():
    world = paged_world()
    assert await at_minute(world, 0) == NOON + timedelta(minutes=5)
    for minute in (5, 6, 10, 11, 60):
        await at_minute(world, minute)
    first, second = (await world.timelines.load(ID)).escalation.tiers
    assert first.targets == (Target(kind=TargetKind.ON_CALL, id="U0ANN"),)
    assert [second.tier, second.targets[0]] == [2, PD]
    assert world.pagers[PAGERDUTY].told == ["neumann-bot-inc-1/trigger/2"]
    assert world.pagers[OPSGENIE].told == ["neumann-bot-inc-1/trigger/2"]


class Killed(BaseException):
    """The process is gone."""


def killing(then: Callable[[], None] = lambda: None) -> Callable[[], None]:
    def die() -> None:
        then()
        raise Killed

    return die


async def test_who_dies_between_send_and_note_sends_it_once_more_under_the_same_key():
    world = paged_world()
    await at_minute(world, 5)
    world.pagers[PAGERDUTY].after_taking = killing()
    with pytest.raises(Killed):
        await at_minute(world, 10)
    world.pagers[PAGERDUTY].after_taking = lambda: None
    await at_minute(world, 10)
    assert set(world.pagers[PAGERDUTY].told) == {"neumann-bot-inc-1/trigger/2"}
    assert world.kinds().count("tier_reached") == 2


async def test_it_is_told_once_at_whichever_append_a_process_dies():
    for dies_at in range(6):
        world, left = paged_world(), dies_at

        async def append(incident: Any, *events: Any, real: Any = world.timelines.append) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                raise Killed
            return await real(incident, *events)

        world.timelines.append = append  # type: ignore[method-assign]
        for minute in (5, 10, 11):
            try:
                await at_minute(world, minute)
            except Killed:
                await at_minute(world, minute)
        assert [tier.tier for tier in (await world.timelines.load(ID)).escalation.tiers] == [1, 2]
        for pager in world.pagers.values():
            assert set(pager.told) == {"neumann-bot-inc-1/trigger/2"}
        assert world.kinds().count("page_tried") == 2


async def test_an_acknowledgement_during_the_send_is_kept_and_ends_the_page():
    world = paged_world()
    await at_minute(world, 5)

    def acknowledge() -> None:
        events = world.timelines.events[ID]
        if "acknowledged" not in world.kinds():
            events.append(Acknowledged(at=world.time.now(), by=ALICE))

    world.pagers[PAGERDUTY].after_taking = acknowledge
    await at_minute(world, 10)
    assert world.pagers[PAGERDUTY].told == ["neumann-bot-inc-1/trigger/2", "neumann-bot-inc-1/acknowledge"]
    assert world.pagers[OPSGENIE].told == ["neumann-bot-inc-1/acknowledge"]


async def test_acknowledged_then_closed_ends_it_on_each_route_once():
    world = paged_world()
    for minute in (5, 10):
        await at_minute(world, minute)
    await triage.acknowledge(world.ports, ID, ALICE)
    await at_minute(world, 11)
    world.timelines.events[ID].append(Closed(at=world.time.now(), detail="Resolved."))
    await at_minute(world, 12)
    assert await at_minute(world, 13) is None
    ended = ["neumann-bot-inc-1/trigger/2", "neumann-bot-inc-1/acknowledge", "neumann-bot-inc-1/resolve"]
    assert world.pagers[PAGERDUTY].told == world.pagers[OPSGENIE].told == ended


async def test_a_route_that_refuses_is_told_in_the_thread_in_one_sentence_once():
    world = paged_world()
    world.pagers[PAGERDUTY].refuses = "PagerDuty refuses with 400: Event object is invalid."
    await at_minute(world, 5)
    again = await at_minute(world, 10)
    assert again == NOON + timedelta(minutes=10, seconds=5)
    await at_minute(world, 10.1)
    await at_minute(world, 10.5)
    said = [event.sentence for event in world.timelines.events[ID] if isinstance(event, Remarked)]
    assert said == [
        "PagerDuty was not told: PagerDuty refuses with 400: Event object is invalid; the bot goes on trying."
    ]
    world.pagers[PAGERDUTY].refuses = None
    await at_minute(world, 12)
    assert world.pagers[PAGERDUTY].told == ["neumann-bot-inc-1/trigger/2"]


async def test_slack_away_reaches_the_second_route_at_once():
    world = paged_world()
    world.threads.stands = frozenset()
    due = await at_minute(world, 0)
    while due:
        world.time.at = due
        due = await escalate.escalate(world.ports, PLAN, ID)
    assert world.time.at - NOON <= timedelta(seconds=60)
    assert world.pagers[PAGERDUTY].told == ["neumann-bot-inc-1/trigger/2"]


async def test_a_schedule_that_cannot_be_read_names_who_was_on_call_before():
    world = paged_world()
    assert world.on_call
    world.on_call.unreadable = "The calendar cannot be read."
    world.on_call.kept = world.on_call.kept.model_copy(update={"has_looked": True, "seen": ANN})
    await at_minute(world, 5)
    assert (await world.timelines.load(ID)).escalation.tiers[0].targets[0].id == "U0ANN"


PAGED = Person(id="pagerduty:PANN", name="Ann (PagerDuty)")


async def test_an_acknowledgement_in_pagerduty_is_one_and_ends_the_rest():
    world = paged_world()
    for minute in (5, 10):
        await at_minute(world, minute)
    taken = await escalate.acknowledged_elsewhere(world.ports, "neumann-bot-inc-1", PAGED, world.time.now())
    assert taken == ID
    await at_minute(world, 11)
    assert world.pagers[OPSGENIE].told[-1] == "neumann-bot-inc-1/acknowledge"
    again = await escalate.acknowledged_elsewhere(world.ports, "neumann-bot-inc-1", PAGED, world.time.now())
    assert again is None
    assert world.kinds().count("acknowledged") == 1


@pytest.mark.parametrize("key", ["srv01/high_cpu", "neumann-bot-inc-9", "inc-1"])
async def test_what_is_not_the_bots_is_acknowledged_by_nobody(key: str):
    world = paged_world()
    assert await escalate.acknowledged_elsewhere(world.ports, key, PAGED, NOON) is None
    assert world.kinds() == ["alerts_received"]


async def test_an_acknowledgement_from_before_the_incident_is_not_about_it():
    world = paged_world()
    early = NOON - timedelta(minutes=1)
    assert await escalate.acknowledged_elsewhere(world.ports, "neumann-bot-inc-1", PAGED, early) is None
