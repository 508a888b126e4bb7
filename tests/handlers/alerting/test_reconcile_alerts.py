"""A look at the alerting puts right what the webhook missed, once, and claims nothing that nobody said."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from handlers.alerting import intake, reconcile_alerts
from handlers.alerting.reconcile_alerts import Reconciled, ReconcileSettings
from handlers.domain.alert_sources import Fired, Held
from handlers.domain.alerts import Alert
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.events.recovery import LeaderVerified
from handlers.domain.incident import Stage
from handlers.domain.notification import Delivery
from handlers.domain.steps.kinds import Close
from handlers.domain.steps.next_step import next_step
from handlers.errors import SourceDown
from runbooks.model import Leadership
from tests.builders import NOON, alert
from tests.handlers.world import Alerting, World

HOW = ReconcileSettings(resolved_grace_s=300)
LABELS = {"alertname": "NoLeader", "cluster": "demo"}


@pytest.fixture
def world() -> World:
    return World(alerting=Alerting())


def alerting(world: World) -> Alerting:
    assert world.alerting
    return world.alerting


def holds(world: World, *alerts: Alert, suppressed: bool = False) -> None:
    alerting(world).held = [Held(each, suppressed=suppressed, ours=True) for each in alerts]


async def looks(world: World, *minutes_later: float, how: ReconcileSettings = HOW) -> Reconciled:
    looked = Reconciled()
    for later in minutes_later or (0,):
        world.time.pass_s(60 * later)
        looked = await reconcile_alerts.reconcile_once(world.ports, how)
    return looked


async def test_an_alert_that_never_arrived_opens_an_incident_once(world: World) -> None:
    holds(world, alert())
    assert await looks(world) == Reconciled()
    assert await looks(world, 1) == Reconciled(("inc-1",))
    assert await looks(world, 1, 1, 1) == Reconciled()
    assert world.kinds() == ["alerts_received", "noted"]
    await intake.receive(world.ports, Delivery((alert(),)), None)
    assert world.kinds() == ["alerts_received", "noted"], "the notification came after all, and is no news"


async def test_what_arrived_by_webhook_is_not_noted_as_lost(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    holds(world, alert())
    assert await looks(world, 5, 5) == Reconciled()


async def test_a_resolved_that_never_came_is_presumed_and_the_incident_still_asks_for_a_leader(
    world: World,
) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    holds(world, alert())
    await looks(world, 1)
    holds(world)
    assert await looks(world, 1, 4) == Reconciled()
    assert await looks(world, 1) == Reconciled(("inc-1",))
    incident = await world.timelines.load("inc-1")
    assert incident.firing == ()
    assert incident.stage is Stage.OPENED
    assert not isinstance(next_step(incident, world.time.now()), Close), "absence alone closes nothing"
    leadership = Leadership(leader="node1", term=9, claimed_by=("node1",), majority=True)
    await world.timelines.append(
        incident, LeaderVerified(at=world.time.now(), leadership=leadership, stable_s=10)
    )
    assert isinstance(next_step(await world.timelines.load("inc-1"), world.time.now()), Close)


@pytest.mark.parametrize("minute", [0, 7], ids=["the same start", "a later start"])
async def test_alertmanagers_own_word_goes_before_what_was_presumed(world: World, minute: int) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    await looks(world, 0, 5)
    incident = await world.timelines.load("inc-1")
    assert incident.firing == ()
    await intake.receive(world.ports, Delivery((alert(minute=minute),)), None)
    assert (await world.timelines.load("inc-1")).firing


async def test_what_was_presumed_and_closed_opens_again_when_it_is_told_to_fire(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert("RootDiskFull"),)), None)
    await looks(world, 0, 5)
    incident = await world.timelines.load("inc-1")
    assert isinstance(next_step(incident, world.time.now()), Close)
    await world.timelines.append(incident, Closed(at=world.time.now(), detail="over"))
    await world.timelines.release(incident.identity, incident.id)
    assert await intake.receive(world.ports, Delivery((alert("RootDiskFull"),)), None) == ("inc-2",)


async def test_while_prometheus_is_silent_nothing_is_presumed_over(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    await looks(world)
    alerting(world).silent = {"Prometheus"}
    looked = await looks(world, 4, 4, 4)
    assert looked == Reconciled((), "Prometheus does not answer.")
    alerting(world).silent = set()
    alerting(world).recorded = [fired(2, 3, alertname="ElectionStorm")]
    assert (await looks(world, 0)).changed == ("inc-1",)
    assert alerting(world).lookbacks_s[-1] >= 12 * 60, "the whole time without Prometheus is asked about"


async def test_while_alertmanager_is_silent_nothing_is_concluded(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    await looks(world)
    kept = alerting(world).kept
    alerting(world).silent = {"Alertmanager"}
    with pytest.raises(SourceDown):
        await looks(world, 30)
    assert alerting(world).kept == kept


def fired(first: float, last: float, **labels: str) -> Fired:
    return Fired({**LABELS, **labels}, NOON + timedelta(minutes=first), NOON + timedelta(minutes=last))


async def test_what_came_and_went_while_the_bot_was_down_is_an_incident_that_was_opened_and_closed(
    world: World,
) -> None:
    await looks(world)
    alerting(world).recorded = [fired(3, 9)]
    just_started = dataclasses.replace(HOW, just_started=True)
    assert await looks(world, 20, how=just_started) == Reconciled(("inc-1",))
    assert world.kinds() == ["alerts_received", "noted", "closed"]
    incident = await world.timelines.load("inc-1")
    assert incident.opened_at == NOON + timedelta(minutes=3)
    assert incident.closed
    assert incident.closed.at == NOON + timedelta(minutes=9)
    assert world.timelines.open == {}
    assert await looks(world, 20, how=just_started) == Reconciled(), "it is in the timeline once"


async def test_on_an_open_incident_it_is_one_more_event(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert("ElectionStorm", minute=-30),)), None)
    holds(world, alert("ElectionStorm", minute=-30))
    await looks(world)
    alerting(world).recorded = [fired(3, 9)]
    assert await looks(world, 20) == Reconciled(("inc-1",))
    assert world.kinds() == ["alerts_received", "alerts_received", "noted"]
    incident = await world.timelines.load("inc-1")
    assert [each.name for each in incident.firing] == ["ElectionStorm"]
    assert incident.closed is None


async def test_a_crash_between_the_append_and_the_note_of_the_look_repeats_nothing(world: World) -> None:
    await looks(world)
    before = alerting(world).kept
    alerting(world).recorded = [fired(3, 9)]
    await looks(world, 20)
    alerting(world).kept = before
    assert await looks(world) == Reconciled()
    assert len(world.timelines.events) == 1


async def test_another_replica_that_is_faster_leaves_nothing_to_add(world: World) -> None:
    await looks(world)
    alerting(world).recorded = [fired(3, 9)]
    theirs = AlertsReceived(
        at=NOON,
        reason="opened",
        cluster="demo",
        runbook="leader-election",
        alerts=(alert(status="resolved", minute=9),),
    )
    world.timelines.before_append.append(("inc-1", theirs))
    assert await looks(world, 20) == Reconciled()
    assert world.kinds() == ["alerts_received"]


async def test_a_minute_between_two_looks_is_no_gap_and_the_first_look_ever_has_no_past(world: World) -> None:
    alerting(world).recorded = [fired(-60, -50)]
    just_started = dataclasses.replace(HOW, just_started=True)
    assert await looks(world, 0, how=just_started) == Reconciled()
    assert await looks(world, 1, 1) == Reconciled()
    assert alerting(world).lookbacks_s == []


async def test_a_gap_of_weeks_is_looked_at_for_a_day(world: World) -> None:
    await looks(world, 0, 60 * 24 * 30)
    assert alerting(world).lookbacks_s == [24 * 3600 + reconcile_alerts.MARGIN_S]


async def test_without_alertmanager_there_is_nothing_to_look_at() -> None:
    assert await reconcile_alerts.reconcile_once(World().ports, HOW) == Reconciled()


async def test_an_incident_that_was_closed_and_not_released_is_released(world: World) -> None:
    await intake.receive(world.ports, Delivery((alert(),)), None)
    incident = await world.timelines.load("inc-1")
    await world.timelines.append(incident, Closed(at=NOON, detail="over"))
    await looks(world)
    assert world.timelines.open == {}
