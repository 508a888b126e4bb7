"""Incidents of one cluster know each other: what one explains joins it, others say that the first is open."""

from __future__ import annotations

from handlers import advance
from handlers.alerting import intake
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery
from handlers.domain.regrouping import words
from tests.builders import alert, candidates, dead, evidence, node
from tests.handlers.world import World

LAG = alert("HighReplicationLag")
LAG_OVER = alert("HighReplicationLag", status="resolved", minute=5)


async def arrives(world: World, name: str, incident_id: str) -> Incident:
    """Deliver an alert, and take its incident's first steps."""
    await intake.receive(world.ports, Delivery((alert(name),)), None)
    for _ in range(4):
        incident, _ = await advance.advance(world.ports, incident_id)
        if incident.diagnosis:
            break
    return await world.timelines.load(incident_id)


def of_others(incident: Incident) -> list[str]:
    return [said.sentence for key, said in incident.remarks.items() if key.startswith("also-open-")]


async def quorum_lost(world: World) -> Incident:
    """A cluster of which one of three nodes runs, once it is known why it has no leader."""
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    return await arrives(world, "NoLeader", "inc-1")


async def test_a_lag_while_nobody_leads_joins_the_incident_that_explains_it() -> None:
    world = World()
    await quorum_lost(world)
    assert await intake.receive(world.ports, Delivery((LAG,)), None) == ("inc-1",)
    incident = await world.timelines.load("inc-1")
    (why,) = incident.regrouping.joinings
    assert words.joined(incident, why) == (
        "HighReplicationLag belongs to this incident: nobody leads, so nothing is committed and the nodes"
        " cannot catch up. If it still fires 10 minutes after the recovery is proven, it gets an incident of"
        " its own."
    )
    assert world.timelines.open == {"demo/leader-election": "inc-1"}
    assert await intake.receive(world.ports, Delivery((LAG_OVER,)), None) == ("inc-1",)
    assert [each.name for each in (await world.timelines.load("inc-1")).firing] == ["NoLeader"]


async def test_it_is_joined_once_however_often_it_is_told() -> None:
    world = World()
    await quorum_lost(world)
    for _ in range(3):
        await intake.receive(world.ports, Delivery((LAG,)), None)
    assert world.kinds().count("alerts_joined") == 1


async def test_before_anything_is_sure_it_has_its_own_incident() -> None:
    world = World()
    world.cluster.shows = evidence(*candidates())
    await arrives(world, "NoLeader", "inc-1")
    assert await intake.receive(world.ports, Delivery((LAG,)), None) == ("inc-2",)


async def test_a_lag_under_a_leader_has_its_own_incident() -> None:
    world = World()
    await quorum_lost(world)
    world.cluster.leader = "node1"
    await advance.advance(world.ports, "inc-1")
    assert (await world.timelines.load("inc-1")).recovering
    assert await intake.receive(world.ports, Delivery((LAG,)), None) == ("inc-2",)


async def test_an_end_that_came_before_its_firing_joins_nothing() -> None:
    world = World()
    await intake.receive(world.ports, Delivery((LAG_OVER,)), None)
    await quorum_lost(world)
    await intake.receive(world.ports, Delivery((LAG,)), None)
    assert [each.name for each in (await world.timelines.load("inc-1")).firing] == ["NoLeader"]


async def test_a_lag_that_outlives_the_outage_gets_an_incident_of_its_own() -> None:
    world = World()
    await quorum_lost(world)
    await intake.receive(world.ports, Delivery((LAG,)), None)
    await intake.receive(world.ports, Delivery((alert(status="resolved", minute=1),)), None)
    world.cluster.leader = "node1"

    async def passes(seconds: int) -> Incident:
        for _ in range(0, seconds, 5):
            world.time.pass_s(5)
            await advance.advance(world.ports, "inc-1")
        return await world.timelines.load("inc-1")

    waiting = await passes(590)
    assert waiting.verified
    assert not waiting.closed
    assert [each.name for each in waiting.firing] == ["HighReplicationLag"]
    over = await passes(30)
    assert over.closed
    own = await world.timelines.load("inc-2")
    assert (own.runbook, [each.name for each in own.firing]) == ("replication-lag", ["HighReplicationLag"])
    (taken,) = own.regrouping.taken
    assert words.taken(taken) == (
        "Split off inc-1 by the bot: what explained the alert there is over, but it still fires."
    )


async def test_a_lag_that_came_first_is_told_of_the_outage_and_the_outage_of_it() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    await arrives(world, "HighReplicationLag", "inc-1")
    assert of_others(await arrives(world, "NoLeader", "inc-2")) == [
        "Also open on demo: inc-1 (HighReplicationLag). It has no sure cause yet."
    ]
    world.time.pass_s(1000)
    await advance.advance(world.ports, "inc-1")
    assert of_others(await world.timelines.load("inc-1")) == [
        "Also open on demo: inc-2 (NoLeader). It found: Cannot elect: node2 and node3 stopped. That explains"
        " this one: `/neumann incident merge inc-1 into inc-2`.",
    ]


async def test_one_without_a_runbook_is_told_when_it_opens() -> None:
    world = World()
    await quorum_lost(world)
    await intake.receive(world.ports, Delivery((alert("RootDiskFull"),)), None)
    assert of_others(await world.timelines.load("inc-2")) == [
        "Also open on demo: inc-1 (NoLeader). It found: Cannot elect: node2 and node3 stopped.",
    ]


async def test_what_has_no_sure_cause_is_named_without_one() -> None:
    world = World()
    world.cluster.shows = evidence(*candidates())
    await arrives(world, "NoLeader", "inc-1")
    (said,) = of_others(await arrives(world, "HighReplicationLag", "inc-2"))
    assert said.endswith("It has no sure cause yet.")


async def test_one_alone_names_nobody() -> None:
    world = World()
    assert of_others(await arrives(world, "NoLeader", "inc-1")) == []


async def test_another_cluster_is_none_of_its_business() -> None:
    world = World()
    world.cluster.clusters = ("demo", "eu")
    await intake.receive(world.ports, Delivery((alert("NoLeader", cluster="eu"),)), None)
    assert of_others(await arrives(world, "HighReplicationLag", "inc-2")) == []


async def test_it_is_said_once_however_often_the_cluster_is_read() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    await arrives(world, "HighReplicationLag", "inc-1")
    await arrives(world, "NoLeader", "inc-2")
    for _ in range(3):
        world.time.pass_s(1000)
        await advance.advance(world.ports, "inc-2")
    assert len(of_others(await world.timelines.load("inc-2"))) == 1
