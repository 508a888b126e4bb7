"""Evidence is judged as it comes, and what came first is not lost when something else happens meanwhile."""

from handlers import diagnosis
from handlers.domain.events.diagnosis import FindingsRanked
from runbooks.leader_election.causes import RootCause
from tests.builders import alert, dead, evidence, node, opened, silent
from tests.handlers.world import World


def opened_world() -> World:
    world = World()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open["demo/leader-election"] = "inc-1"
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    return world


async def test_findings_carry_a_handle_for_each_offered_remedy_and_the_store_knows_it() -> None:
    world = opened_world()
    incident = await diagnosis.read_cluster(world.ports, await world.timelines.load("inc-1"))
    (offer,) = incident.offers
    assert offer.remedy.name == "start_nodes"
    assert world.timelines.handles[offer.handle] == "inc-1"
    assert len(offer.handle) >= 16


async def test_what_came_soon_is_judged_first_and_ranked_anew_when_the_late_answers_are_in() -> None:
    world = opened_world()
    world.cluster.shows_first = (evidence(node("node1"), silent("node2"), silent("node3")),)
    incident = await diagnosis.read_cluster(world.ports, await world.timelines.load("inc-1"))
    assert world.kinds() == ["alerts_received", *["evidence_read", "findings_ranked"] * 2]
    ranked = [each for each in world.timelines.events["inc-1"] if isinstance(each, FindingsRanked)]
    first, last = (event.diagnosis for event in ranked)
    assert first.top.cause != RootCause.QUORUM_LOSS
    assert last.top.cause == RootCause.QUORUM_LOSS
    assert incident.diagnosis == last


async def test_an_alert_that_comes_while_the_cluster_is_read_does_not_throw_the_reading_away() -> None:
    world = opened_world()
    world.timelines.before_append.append(("inc-1", opened(alert("ElectionStorm"))))
    await diagnosis.read_cluster(world.ports, await world.timelines.load("inc-1"))
    assert world.kinds() == ["alerts_received", "alerts_received", "evidence_read", "findings_ranked"]
    assert world.cluster.reads == 1


async def test_a_remedy_that_still_stands_after_a_fresh_reading_keeps_its_button() -> None:
    world = opened_world()
    first = await diagnosis.read_cluster(world.ports, await world.timelines.load("inc-1"))
    again = await diagnosis.read_cluster(world.ports, first)
    assert [offer.handle for offer in again.offers] == [offer.handle for offer in first.offers]
