"""An incident of a runbook of text: read, instructed, its steps ticked, closed when nothing fires."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handlers import advance, hand_off
from handlers.alerting import intake, regroup
from handlers.domain.fold import fold
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import Delivery
from handlers.domain.steps.kinds import Close, ReadCluster, Wait
from handlers.domain.steps.next_step import next_step
from handlers.errors import Refused
from runbooks.all_runbooks import RUNBOOKS
from tests.builders import ALICE, BOB, NOON, alert, evidence, healthy, opened
from tests.handlers.world import World
from tests.runbooks.declared.texts import declared, in_use

ID = "inc-1"


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.cluster.shows = evidence(*healthy())
    world.timelines.events[ID] = [opened(alert("RootDiskFull"), runbook="disk-full")]
    world.timelines.open["demo/disk-full"] = ID
    with in_use(declared()):
        yield world


async def goes_on(world: World) -> Incident:
    return (await advance.advance(world.ports, ID)).incident


async def test_it_is_read_and_its_instructions_are_in_the_timeline_at_once(world: World) -> None:
    incident = await goes_on(world)
    read = ["alerts_received", "evidence_read", "findings_ranked"]
    assert world.kinds() == [*read, "earlier_incidents", "hand_off_drawn_up"]
    assert incident.hand_off is not None
    assert incident.hand_off.hand_off.instructions is not None
    assert incident.offers == ()
    assert incident.stage is Stage.DIAGNOSED


async def test_it_is_read_again_while_it_fires_and_the_instructions_stay(world: World) -> None:
    await goes_on(world)
    world.time.pass_s(61)
    await goes_on(world)
    assert world.kinds().count("evidence_read") == 2
    assert world.kinds().count("hand_off_drawn_up") == 1


async def test_its_steps_are_ticked_like_those_of_the_hand_off(world: World) -> None:
    await goes_on(world)
    await hand_off.tick(world.ports, ID, ALICE, "1")
    once = await hand_off.tick(world.ports, ID, ALICE, "2")
    assert set(once.ticks) == {"step-1"}
    with pytest.raises(Refused, match="takes two people"):
        await hand_off.tick(world.ports, ID, ALICE, "2")
    twice = await hand_off.tick(world.ports, ID, BOB, "2")
    assert {key: tick.by.name for key, tick in twice.ticks.items()} == {"step-1": "alice", "step-2": "bob"}


async def test_changed_instructions_are_shown_when_asked_for_and_keep_the_ticks(
    world: World,
) -> None:
    await goes_on(world)
    await hand_off.tick(world.ports, ID, ALICE, "1")
    with pytest.raises(Refused, match="says the same"):
        await hand_off.draw_up(world.ports, ID, ALICE)
    RUNBOOKS["disk-full"] = declared(title="No room")
    shown = await hand_off.draw_up(world.ports, ID, ALICE)
    assert shown.hand_off is not None
    assert shown.hand_off.hand_off.instructions is not None
    assert shown.hand_off.hand_off.instructions.title == "No room"
    assert set(shown.ticks) == {"step-1"}


def test_nothing_proves_it_over_but_the_end_of_its_alerts(world: World) -> None:
    first = opened(alert("RootDiskFull"), runbook="disk-full")
    assert next_step(fold(ID, [first]), NOON) == ReadCluster()
    over = opened(alert("RootDiskFull", status="resolved", minute=1), runbook="disk-full")
    assert next_step(fold(ID, [first, over]), NOON) == Close()


async def test_between_two_readings_it_only_waits(world: World) -> None:
    incident = await goes_on(world)
    assert next_step(incident, world.time.now()) == Wait(15.0)


async def test_an_incident_that_is_judged_is_not_merged_into_one_of_text(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert("NoLeader"),)), None)
    (judged,) = {*await world.timelines.open_incidents()} - {ID}
    with pytest.raises(Refused, match=f"{ID} does not look for the causes that {judged} looks for"):
        await regroup.merge(world.ports, judged, ID, ALICE)
    asked = await regroup.merge(world.ports, ID, judged, ALICE)
    assert asked.incident.regrouping.request
