"""A cluster that comes into the configuration, or leaves it, changes no incident that is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from handlers import advance, triage
from handlers.alerting import intake
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.incident import CLUSTER_GONE
from handlers.domain.notification import Delivery
from handlers.errors import Refused
from handlers.ports import Ports
from tests.builders import ALICE, alert
from tests.handlers.story import confirmed, diagnosed_world
from tests.handlers.world import Cluster, World

UNLABELLED = alert().model_copy(update={"labels": {"alertname": "NoLeader"}})


def configured(world: World, *clusters: str) -> Ports:
    """The world as a replica with these clusters in its configuration sees it."""
    return replace(world.ports, reader=Cluster(clusters=clusters))


def over(each: Alert) -> Alert:
    return each.model_copy(
        update={"status": "resolved", "ends_at": alert(status="resolved", minute=5).ends_at}
    )


async def told(ports: Ports, *alerts: Alert, path: str | None = None) -> tuple[str, ...]:
    return await intake.receive(ports, Delivery(tuple(alerts)), path)


@pytest.mark.parametrize(
    ("before", "after", "fires"),
    [
        (("demo",), ("demo", "eu"), alert(cluster="eu")),
        (("demo", "eu"), ("demo",), alert(cluster="eu")),
        (("demo",), ("demo", "eu"), UNLABELLED),
        (("demo",), ("production",), UNLABELLED),
    ],
    ids=["added", "removed", "a second one, without a label", "renamed, without a label"],
)
async def test_an_alert_stays_in_its_thread_and_its_resolved_ends_it_there(
    before: Sequence[str], after: Sequence[str], fires: Alert
) -> None:
    world = World()
    old, new = configured(world, *before), configured(world, *after)
    assert await told(old, fires) == ("inc-1",)
    identity = (await world.timelines.load("inc-1")).identity
    assert await told(new, fires) == ()
    assert await told(old, fires) == ()
    assert await told(new, over(fires)) == ("inc-1",)
    incident = await world.timelines.load("inc-1")
    assert (incident.firing, incident.identity) == ((), identity)
    assert list(world.timelines.events) == ["inc-1"]


async def test_replicas_of_two_configurations_make_one_thread_of_one_alert() -> None:
    world = World()
    old, new = configured(world, "demo"), configured(world, "demo", "eu")
    await told(old, alert(cluster="eu"))
    assert await told(new, alert(cluster="eu"), alert("NodeDown", cluster="eu")) == ("inc-2",)
    assert await told(old, alert("NodeDown", cluster="eu")) == ()
    firing = [(await world.timelines.load(each)).firing for each in ("inc-1", "inc-2")]
    assert [[each.name for each in alerts] for alerts in firing] == [["NoLeader"], ["NodeDown"]]


async def test_alerts_with_the_same_labels_from_two_clusters_webhooks_are_two() -> None:
    world = World()
    ports = configured(world, "demo", "eu")
    assert await told(ports, UNLABELLED, path="demo") == ("inc-1",)
    assert await told(ports, UNLABELLED, path="eu") == ("inc-2",)
    assert await told(ports, over(UNLABELLED), path="eu") == ("inc-2",)
    assert (await world.timelines.load("inc-1")).firing


async def gone(world: World) -> Ports:
    """An incident whose cluster was taken out of the configuration a while ago."""
    await told(world.ports, alert())
    world.time.pass_s(60)
    return configured(world, "eu")


async def test_a_cluster_that_is_gone_is_said_once_and_nothing_is_read() -> None:
    world = World()
    ports = await gone(world)
    for _ in range(3):
        incident, due = await advance.advance(ports, "inc-1")
        assert due is None, "only an event wakes it"
    assert world.kinds() == ["alerts_received", "noted"]
    assert "demo is in the bot's configuration no more" in incident.remarks[CLUSTER_GONE].sentence
    await told(ports, over(alert()))
    incident, _ = await advance.advance(ports, "inc-1")
    assert incident.closed
    assert world.timelines.open == {}


async def test_people_may_close_it_and_what_they_closed_does_not_come_again() -> None:
    world = World()
    ports = await gone(world)
    await advance.advance(ports, "inc-1")
    await triage.resolve(ports, "inc-1", ALICE)
    assert await told(ports, alert()) == (), "it is the firing that they closed it over"
    assert await told(ports, alert(minute=60)) == ("inc-2",)


async def test_where_the_cluster_is_known_people_wait_for_the_alert() -> None:
    world = World()
    await told(world.ports, alert())
    with pytest.raises(Refused, match="NoLeader still fires"):
        await triage.resolve(world.ports, "inc-1", ALICE)


async def test_an_alert_that_could_not_be_read_keeps_nobody_from_closing() -> None:
    world = World()
    stand_in = alert().model_copy(update={"stand_in": True})
    await told(world.ports, stand_in)
    await triage.resolve(world.ports, "inc-1", ALICE)
    assert await told(world.ports, stand_in) == ()


async def test_for_half_a_minute_another_replica_may_know_it() -> None:
    world = World()
    await told(world.ports, alert())
    _, due = await advance.advance(configured(world, "eu"), "inc-1")
    assert due
    assert world.kinds() == ["alerts_received"]
    incident, _ = await advance.advance(world.ports, "inc-1")
    assert incident.diagnosis


async def test_a_run_that_had_begun_there_ends_and_no_node_is_acted_on() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    world.time.pass_s(60)
    incident, _ = await advance.advance(configured(world, "eu"), "inc-1")
    assert incident.run
    assert incident.run.ended
    assert incident.run.ended.detail.startswith("Stopped: the cluster is in the bot's configuration no more.")
    assert world.agents.effects == []
    assert world.run_locks.held == {}


async def test_one_that_is_back_is_read_again() -> None:
    world = World()
    await advance.advance(await gone(world), "inc-1")
    incident, _ = await advance.advance(world.ports, "inc-1")
    assert incident.diagnosis


async def test_an_alert_of_a_cluster_that_never_was_configured_is_no_cluster_that_is_gone() -> None:
    world = World()
    ports = configured(world, "eu")
    await told(ports, alert())
    world.time.pass_s(3600)
    await advance.advance(ports, "inc-1")
    assert world.kinds() == ["alerts_received"]
    assert (await world.timelines.load("inc-1")).identity == IncidentIdentity("demo", "unconfigured")
