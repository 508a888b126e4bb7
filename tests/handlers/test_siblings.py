"""Two incidents of one cluster know each other: the second says that the first is open, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from handlers import advance, intake
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState
from handlers.domain.notification import Delivery
from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import Runbook
from tests.builders import alert, candidates, dead, evidence, node
from tests.handlers.world import Timelines, World


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


async def test_a_lag_beside_a_lost_quorum_names_the_incident_that_explains_it() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    await arrives(world, "NoLeader", "inc-1")
    second = await arrives(world, "HighReplicationLag", "inc-2")
    assert of_others(second) == [
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


@dataclass
class ReloadedWhenAsked(Timelines):
    """Meanwhile a reload adds a runbook, in the same process."""

    runbooks: dict[str, Runbook] = field(default_factory=dict)

    async def standing(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...] = (), *, claim: bool
    ) -> IdentityState:
        self.runbooks[f"added-{len(self.runbooks)}"] = self.runbooks["split-brain"]
        return await super().standing(identity, alerts, claim=claim)


async def test_a_runbook_that_a_reload_adds_stops_no_step_of_the_bot_from_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runbooks = dict(RUNBOOKS)
    world = World(timelines=ReloadedWhenAsked(runbooks=runbooks))
    await arrives(world, "NoLeader", "inc-1")
    monkeypatch.setattr("handlers.siblings.RUNBOOKS", runbooks)
    second = await arrives(world, "HighReplicationLag", "inc-2")
    assert len(of_others(second)) == 1


async def test_it_is_said_once_however_often_the_cluster_is_read() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    await arrives(world, "NoLeader", "inc-1")
    await arrives(world, "HighReplicationLag", "inc-2")
    for _ in range(3):
        world.time.pass_s(1000)
        await advance.advance(world.ports, "inc-2")
    assert len(of_others(await world.timelines.load("inc-2"))) == 1
