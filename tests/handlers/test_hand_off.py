"""The hand-off: drawn up after ten minutes or for a person, once, and ticked point by point."""

from __future__ import annotations

import pytest

from handlers import diagnosis, hand_off
from handlers.domain.events.base import Person
from handlers.domain.events.triage import HandOffDrawnUp, HandOffTicked
from handlers.domain.fold import apply
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, Refused
from tests.builders import ALICE, BOB, NOON, cut, dead, evidence, healthy, node, opened, silent
from tests.handlers.world import HOME, World

ID = "inc-1"
DAVE = Person(id="U0DAVE0001", name="dave", team=HOME)
NAMES = ("node1", "node2", "node3")
GONE = cut(*((one, other) for one in NAMES for other in NAMES[1:] if one != other))

ALONE = cut(("node2", "node1"), ("node2", "node3"))


async def world_of_two_lost_hosts() -> World:
    world = World()
    world.cluster.shows = evidence(node("node1", cuts=GONE), silent("node2"), silent("node3"))
    world.timelines.events[ID] = [opened()]
    world.timelines.open["demo/leader-election"] = ID
    return world


async def read(world: World, after_s: float = 0.0) -> None:
    world.time.pass_s(after_s)
    await diagnosis.read_cluster(world.ports, await world.timelines.load(ID))


async def test_it_is_drawn_up_once_when_no_majority_has_answered_for_ten_minutes() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    await read(world, after_s=599)
    assert "hand_off_drawn_up" not in world.kinds()
    await read(world, after_s=1)
    await read(world, after_s=60)
    assert world.kinds().count("hand_off_drawn_up") == 1
    drawn_up = (await world.timelines.load(ID)).hand_off
    assert drawn_up is not None
    assert drawn_up.by is None
    assert drawn_up.hand_off.standings[0].node == "node1"


async def test_hosts_that_come_back_in_between_begin_the_ten_minutes_anew() -> None:
    world = await world_of_two_lost_hosts()
    away = world.cluster.shows
    await read(world)
    world.cluster.shows = evidence(*healthy())
    await read(world, after_s=300)
    world.cluster.shows = away
    await read(world, after_s=300)
    await read(world, after_s=599)
    assert "hand_off_drawn_up" not in world.kinds()


async def test_a_person_who_knows_more_gets_it_at_once() -> None:
    world = await world_of_two_lost_hosts()
    incident = await hand_off.draw_up(world.ports, ID, ALICE)
    assert incident.hand_off is not None
    assert incident.hand_off.by == ALICE


async def test_it_is_refused_while_a_majority_runs_as_is_read_then() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    world.cluster.shows = evidence(*healthy()[:2], dead("node3"))
    with pytest.raises(Refused, match="node1 and node2 run, and 2 are a majority: nothing is to be given up"):
        await hand_off.draw_up(world.ports, ID, ALICE)
    assert "hand_off_drawn_up" not in world.kinds()


async def test_each_point_is_ticked_once_with_who_did_it() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    with pytest.raises(Refused, match="no hand-off"):
        await hand_off.tick(world.ports, ID, ALICE, "1")
    await hand_off.draw_up(world.ports, ID, ALICE)
    incident = await hand_off.tick(world.ports, ID, BOB, "2")
    assert {step: tick.by for step, tick in incident.ticks.items()} == {"fence": BOB}
    with pytest.raises(Refused, match="bob ticked point 2"):
        await hand_off.tick(world.ports, ID, ALICE, "2")
    for nonsense in ("0", "9", "two", "", "-1", "٣", "1" * 5_000):
        with pytest.raises(Refused, match="1 to 8"):
            await hand_off.tick(world.ports, ID, ALICE, nonsense)


async def test_what_two_people_decide_is_done_once_two_have_ticked_it() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    await hand_off.draw_up(world.ports, ID, ALICE)
    incident = await hand_off.tick(world.ports, ID, BOB, "1")
    assert incident.ticks == {}
    with pytest.raises(Refused, match="Point 1 takes two people, and you were the first"):
        await hand_off.tick(world.ports, ID, BOB, "1")
    incident = await hand_off.tick(world.ports, ID, ALICE, "1")
    assert incident.ticks["give-up"].by == ALICE
    assert incident.half_ticks["give-up"].by == BOB
    with pytest.raises(Refused, match="alice ticked point 1"):
        await hand_off.tick(world.ports, ID, BOB, "1")


async def test_a_hand_off_of_an_older_version_is_ticked_by_one_as_it_was_then() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    incident = await hand_off.draw_up(world.ports, ID, ALICE)
    assert incident.hand_off is not None
    stored = incident.hand_off.model_dump(mode="json")
    for step in stored["hand_off"]["steps"]:
        step.pop("people", None)
    older = apply(incident, HandOffDrawnUp.model_validate(stored))
    ticked = apply(older, HandOffTicked(at=NOON, by=BOB, step="give-up"))
    assert ticked.ticks["give-up"].by == BOB


async def test_a_tick_holds_only_while_the_point_stays_as_it_was() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    before = await hand_off.draw_up(world.ports, ID, ALICE)
    for number in ("1", "5", "6", "7"):
        await hand_off.tick(world.ports, ID, BOB, number)
    await hand_off.tick(world.ports, ID, ALICE, "1")
    world.cluster.shows = evidence(silent("node1"), node("node2", cuts=ALONE), silent("node3"))
    await read(world)
    after = await hand_off.draw_up(world.ports, ID, ALICE)
    assert before.hand_off and after.hand_off
    choose = [each.hand_off.hand_off.steps[5].text for each in (before, after) if each.hand_off]
    assert ["node1" in choose[0], "node2" in choose[1]] == [True, True]
    assert set(after.ticks) == {"backup"}, "nobody has chosen node2, nor given node1 up"
    ticked = await hand_off.tick(world.ports, ID, ALICE, "6")
    assert ticked.ticks["choose"].by == ALICE


async def test_one_that_says_the_same_is_not_drawn_up_again() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    await hand_off.draw_up(world.ports, ID, ALICE)
    with pytest.raises(Refused, match="The hand-off that stands says the same"):
        await hand_off.draw_up(world.ports, ID, BOB)
    assert world.kinds().count("hand_off_drawn_up") == 1


async def test_only_colleagues_may_and_only_while_it_is_open() -> None:
    world = await world_of_two_lost_hosts()
    await read(world)
    world.directory.members[DAVE.id] = Member(DAVE.id, HOME, HOME, frozenset(), is_guest=True)
    with pytest.raises(NotAllowed):
        await hand_off.draw_up(world.ports, ID, DAVE)
    with pytest.raises(Refused, match="not an open incident"):
        await hand_off.draw_up(world.ports, "inc-9", ALICE)
