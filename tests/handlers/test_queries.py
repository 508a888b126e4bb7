"""What may only be read: pages of incidents that lose none, and answers that change nothing."""

from __future__ import annotations

import pytest

from handlers import queries
from handlers.domain.events.lifecycle import Closed
from handlers.errors import NothingRead, UnknownIncident
from handlers.queries import MAX_LOOKED_THROUGH, Wanted
from tests.builders import NOON, opened
from tests.handlers.story import diagnosed_world, quorum_lost
from tests.handlers.world import World


def with_closed(*ids: str) -> World:
    world = World()
    for incident_id in ids:
        world.timelines.events[incident_id] = [opened(), Closed(at=NOON, detail="Well again.")]
        world.timelines.released[incident_id] = incident_id
    return world


async def walked(world: World, wanted: Wanted) -> list[str]:
    """All pages, one after the other."""
    seen: list[str] = []
    before: str | None = None
    while True:
        page = await queries.incidents(
            world.ports, Wanted(wanted.state, wanted.cluster, before, wanted.limit)
        )
        seen += [each.id for each in page.incidents]
        before = page.next_before
        if before is None:
            return seen


async def test_a_number_that_was_given_out_twice_is_no_reason_to_lose_an_incident():
    world = with_closed("inc-7-aaa", "inc-7-bbb", "inc-8-aaa", "inc-10-aaa", "inc-7")
    assert await walked(world, Wanted(limit=1)) == [
        "inc-10-aaa",
        "inc-8-aaa",
        "inc-7-bbb",
        "inc-7-aaa",
        "inc-7",
    ]


async def test_a_filter_that_matches_nothing_still_ends():
    world = with_closed(*(f"inc-{number}" for number in range(2 * MAX_LOOKED_THROUGH + 1)))
    page = await queries.incidents(world.ports, Wanted(cluster="prod"))
    assert (page.incidents, page.next_before) == ((), f"inc-{MAX_LOOKED_THROUGH + 1}")
    assert await walked(world, Wanted(cluster="prod")) == []


async def test_a_page_that_ends_with_the_last_incident_has_no_next():
    page = await queries.incidents(with_closed("inc-1", "inc-2").ports, Wanted(limit=2))
    assert page.next_before is None


async def test_an_incident_that_was_claimed_and_has_no_alert_yet_is_none():
    world = World()
    world.timelines.open["demo/leader-election"] = "inc-1"
    assert (await queries.incidents(world.ports, Wanted())).incidents == ()
    with pytest.raises(UnknownIncident):
        await queries.incident(world.ports, "inc-1")


@pytest.mark.parametrize("name", ["", "7", "inc-", "inc-1\n", "inc-1:x", "INC-1", "inc-1-" + "a" * 33])
async def test_what_can_be_no_id_is_not_looked_for(name: str):
    world = World()
    world.timelines.events[name] = [opened()]
    with pytest.raises(UnknownIncident):
        await queries.incident(world.ports, name)


async def test_a_story_is_the_incident_and_the_events_it_was_folded_from():
    world = await diagnosed_world()
    story = await queries.incident(world.ports, "inc-1")
    assert len(story.events) == story.incident.position == 3


async def test_the_evidence_of_an_incident_is_its_newest_reading():
    world = await diagnosed_world()
    assert await queries.evidence(world.ports, "inc-1") == quorum_lost()
    world.timelines.events["inc-1"] = [opened()]
    with pytest.raises(NothingRead):
        await queries.evidence(world.ports, "inc-1")


async def test_a_glance_at_a_cluster_that_does_not_answer_says_so():
    world = World()
    world.cluster.silent = {"node1", "node2", "node3"}
    seen = await queries.glance(world.ports, "demo")
    assert (seen.answering, seen.nodes, seen.leadership) == (0, 3, None)


async def test_what_is_open_and_what_was_closed_stand_apart():
    world = with_closed("inc-1", "inc-2")
    world.timelines.events["inc-3"], world.timelines.open["demo/x"] = [opened()], "inc-3"
    world.timelines.tampered.add("inc-2")
    found = await queries.open_and_closed(world.ports)
    assert ([each.id for each in found.open], [each.id for each in found.closed]) == (["inc-3"], ["inc-1"])
