"""Green only when proven: one leader, one term, a majority, for as long as was asked."""

from handlers import advance
from handlers.domain.events.lifecycle import Closed
from tests.builders import alert, dead, diagnosed, evidence, node, opened
from tests.handlers.world import World


def world_without_leader() -> World:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    world.timelines.events["inc-1"] = [opened(), *diagnosed(world.cluster.shows)]
    world.timelines.open["demo/leader-election"] = "inc-1"
    return world


async def watch_for(world: World, seconds: int) -> None:
    for _ in range(seconds):
        await advance.advance(world.ports, "inc-1")
        world.time.pass_s(1)


async def test_a_leader_that_comes_by_itself_is_seen_and_verified_after_ten_seconds() -> None:
    world = world_without_leader()
    world.cluster.leader = "node1"
    await watch_for(world, 10)
    assert "leader_verified" not in world.kinds()
    await watch_for(world, 1)
    assert world.kinds()[3:] == ["leader_seen", "leader_verified"]


async def test_a_leader_that_goes_and_comes_starts_its_time_again() -> None:
    world = world_without_leader()
    world.cluster.leader = "node1"
    await watch_for(world, 8)
    world.cluster.leader = None
    await watch_for(world, 1)
    world.cluster.leader = "node1"
    await watch_for(world, 8)
    assert "leader_verified" not in world.kinds()
    await watch_for(world, 4)
    assert world.kinds()[-1] == "leader_verified"


async def test_a_new_term_of_the_same_leader_starts_its_time_again() -> None:
    world = world_without_leader()
    world.cluster.leader = "node1"
    await watch_for(world, 8)
    world.cluster.term += 1
    await watch_for(world, 8)
    assert "leader_verified" not in world.kinds()


async def test_a_leader_without_a_majority_behind_it_is_no_leader() -> None:
    world = world_without_leader()
    world.cluster.leader, world.cluster.silent = "node1", {"node2", "node3"}
    await watch_for(world, 20)
    assert "leader_seen" not in world.kinds()


async def test_it_closes_when_the_leader_is_verified_and_no_alert_fires_and_the_next_alert_is_new() -> None:
    world = world_without_leader()
    world.cluster.leader = "node1"
    await watch_for(world, 12)
    world.timelines.events["inc-1"].append(opened(alert(status="resolved", minute=1)))
    await advance.advance(world.ports, "inc-1")
    assert isinstance(world.timelines.events["inc-1"][-1], Closed)
    assert world.timelines.open == {}


async def test_resolved_without_a_leader_stays_open_and_is_read_again() -> None:
    world = world_without_leader()
    world.timelines.events["inc-1"].append(opened(alert(status="resolved", minute=1)))
    await watch_for(world, 62)
    assert "closed" not in world.kinds()
    assert world.cluster.reads == 1


async def test_a_leader_lost_after_it_was_verified_is_a_leader_to_be_proven_again() -> None:
    world = world_without_leader()
    world.cluster.leader = "node1"
    await watch_for(world, 12)
    world.cluster.leader = None
    await watch_for(world, 1)
    incident = await world.timelines.load("inc-1")
    assert incident.verified is None
