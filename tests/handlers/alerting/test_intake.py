"""Notifications become incidents, once, whatever is repeated, raced or late."""

from handlers.alerting import intake
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.events.lifecycle import Closed
from handlers.domain.notification import Delivery
from tests.builders import NOON, alert, opened
from tests.handlers.world import World


def notification(*alerts: Alert) -> Delivery:
    return Delivery(alerts)


async def test_the_first_alert_opens_an_incident() -> None:
    world = World()
    assert await intake.receive(world.ports, notification(alert()), None) == ("inc-1",)
    incident = await world.timelines.load("inc-1")
    assert (incident.cluster, incident.runbook) == ("demo", "leader-election")
    assert [alert.name for alert in incident.firing] == ["NoLeader"]


async def test_the_same_notification_twice_changes_nothing_the_second_time() -> None:
    world = World()
    await intake.receive(world.ports, notification(alert()), None)
    assert await intake.receive(world.ports, notification(alert()), None) == ()
    assert world.kinds() == ["alerts_received"]


async def test_what_a_worker_had_claimed_before_it_died_is_opened_by_the_next() -> None:
    world = World()
    identity = IncidentIdentity("demo", "leader-election")
    claimed = (await world.timelines.standing(identity, claim=True)).incident
    assert claimed
    assert claimed.opened_at is None
    resolved = notification(alert(status="resolved", minute=1))
    assert await intake.receive(world.ports, resolved, None) == (), "an end opens it no more than any other"
    assert await intake.receive(world.ports, notification(alert("ElectionStorm")), None) == (claimed.id,)
    incident = await world.timelines.load(claimed.id)
    assert world.timelines.handles[incident.handle] == claimed.id, "and its buttons lead to it"


async def test_a_second_symptom_joins_the_open_incident() -> None:
    world = World()
    await intake.receive(world.ports, notification(alert("NoLeader")), None)
    await intake.receive(world.ports, notification(alert("ElectionStorm")), None)
    assert list(world.timelines.events) == ["inc-1"]


async def test_when_another_replica_was_faster_its_event_stays_and_ours_comes_after() -> None:
    world = World()
    world.timelines.before_append.append(("inc-1", opened(alert("ElectionStorm"))))
    await intake.receive(world.ports, notification(alert("NoLeader")), None)
    incident = await world.timelines.load("inc-1")
    assert {alert.name for alert in incident.firing} == {"ElectionStorm", "NoLeader"}


async def test_after_an_incident_is_closed_a_new_firing_opens_another() -> None:
    world = World()
    await intake.receive(world.ports, notification(alert()), None)
    incident = await world.timelines.load("inc-1")
    await world.timelines.append(incident, Closed(at=NOON, detail="over"))
    assert await intake.receive(world.ports, notification(alert(minute=9)), None) == ("inc-2",)


async def test_resolved_for_an_alert_that_was_never_seen_opens_nothing() -> None:
    world = World()
    assert await intake.receive(world.ports, notification(alert(status="resolved", minute=1)), None) == ()
    assert world.timelines.events == {}


async def test_a_cluster_that_is_not_configured_gets_a_thread_without_a_runbook() -> None:
    world = World()
    await intake.receive(world.ports, notification(alert(cluster="169.254.169.254")), None)
    incident = await world.timelines.load("inc-1")
    assert incident.runbook == "unconfigured"


async def test_row_10_labels_name_no_target_that_the_bot_would_call() -> None:
    """`cluster`, `instance`, `node` and the rule's address point at the cloud's metadata service."""
    world = World()
    labels = {
        "instance": "169.254.169.254:80",
        "node": "http://169.254.169.254/",
        "cluster": "169.254.169.254",
    }
    hostile = alert().model_copy(update={"labels": {**alert().labels, **labels}})
    await intake.receive(world.ports, notification(hostile), None)
    assert world.cluster.reads == 0
    assert (await world.timelines.load("inc-1")).cluster not in world.cluster.clusters


async def test_all_alerts_of_a_cluster_that_is_not_configured_share_one_thread() -> None:
    world = World()
    both = notification(alert("NoLeader", cluster="eu"), alert("ElectionStorm", cluster="eu"))
    assert await intake.receive(world.ports, both, None) == ("inc-1",)
    assert await intake.receive(world.ports, notification(alert("NodeDown", cluster="eu")), None) == (
        "inc-1",
    )


async def test_one_configured_cluster_needs_no_label() -> None:
    world = World()
    bare = alert().model_copy(update={"labels": {"alertname": "NoLeader"}})
    await intake.receive(world.ports, notification(bare), None)
    assert (await world.timelines.load("inc-1")).cluster == "demo"
