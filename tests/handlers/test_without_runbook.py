"""An alert that no runbook covers: the cluster is read once, and told how often the alert came before."""

from __future__ import annotations

import pytest

from handlers import advance
from handlers.domain.alerts import CANARY, UNCONFIGURED
from handlers.domain.escalation.words import what_is_wrong
from handlers.domain.incident import Incident
from handlers.domain.steps.kinds import ReadCluster, Rest, Wait
from handlers.domain.steps.next_step import RULES_FIRST_S, next_step
from runbooks.model import Verdict
from tests.builders import NOON, alert, evidence, healthy, opened
from tests.handlers.world import World


def world_with(name: str = "Odd", runbook: str = "alert:Odd", incident_id: str = "inc-1") -> World:
    world = World()
    world.cluster.shows = evidence(*healthy())
    fires(world, incident_id, name, runbook)
    return world


def fires(world: World, incident_id: str, name: str = "Odd", runbook: str = "alert:Odd") -> None:
    event = opened(alert(name), runbook=runbook).model_copy(update={"at": world.time.now()})
    world.timelines.events[incident_id] = [event]
    world.timelines.open[f"demo/{runbook}"] = incident_id


async def goes_on(world: World, incident_id: str = "inc-1") -> Incident:
    await advance.advance(world.ports, incident_id)
    world.time.pass_s(RULES_FIRST_S)
    return (await advance.advance(world.ports, incident_id)).incident


async def test_what_the_cluster_shows_is_read_once_and_no_rule_judges_it() -> None:
    world = world_with()
    incident = await goes_on(world)
    assert world.kinds() == ["alerts_received", "evidence_read", "findings_ranked", "earlier_incidents"]
    assert incident.diagnosis is not None
    assert incident.diagnosis.top.verdict is Verdict.UNDETERMINED
    assert incident.offers == ()
    world.time.pass_s(3_600)
    await goes_on(world)
    assert world.cluster.reads == 1
    assert next_step(incident, world.time.now()) == Rest()


async def test_those_that_a_rule_judges_are_read_first() -> None:
    incident = await world_with().timelines.load("inc-1")
    assert isinstance(next_step(incident, NOON), Wait)
    event = world_with().timelines.events["inc-1"][0]
    assert next_step(incident, event.at.replace(second=int(RULES_FIRST_S))) == ReadCluster()


@pytest.mark.parametrize(("name", "runbook"), [(CANARY, f"alert:{CANARY}"), ("Odd", UNCONFIGURED)])
async def test_for_a_test_alert_and_an_unknown_cluster_nothing_is_read(name: str, runbook: str) -> None:
    world = world_with(name, runbook)
    await goes_on(world)
    assert world.cluster.reads == 0


async def test_each_incident_tells_how_many_of_the_same_alert_were_before_it() -> None:
    world = world_with()
    told = []
    for number in (1, 2, 3):
        incident_id = f"inc-{number}"
        fires(world, incident_id)
        incident = await goes_on(world, incident_id)
        assert incident.earlier is not None
        told.append((incident.earlier.count, incident.earlier.last))
        over = opened(alert("Odd", status="resolved", minute=60), runbook="alert:Odd")
        world.timelines.events[incident_id].append(over)
        closed = await goes_on(world, incident_id)
        assert closed.closed
    assert told == [(0, ""), (1, "inc-1"), (2, "inc-2")]


async def test_one_before_that_was_tampered_with_is_not_counted_on() -> None:
    world = world_with(incident_id="inc-2")
    world.timelines.released["demo/alert:Odd"] = "inc-1"
    world.timelines.tampered.add("inc-1")
    assert (await goes_on(world, "inc-2")).earlier is None


async def test_one_that_is_over_before_it_is_read_is_closed_unread() -> None:
    world = world_with()
    over = opened(alert("Odd", status="resolved", minute=1), runbook="alert:Odd")
    world.timelines.events["inc-1"].append(over)
    assert (await goes_on(world)).closed
    assert world.cluster.reads == 0


async def test_who_is_paged_is_told_what_the_alert_says_and_not_that_nobody_judged_it() -> None:
    incident = await goes_on(world_with())
    assert what_is_wrong(incident) == "demo: Odd. demo is not as it should be"
