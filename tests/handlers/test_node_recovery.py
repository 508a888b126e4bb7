"""A node is down: from NodeDown to its start, and to the proof that every node serves."""

from __future__ import annotations

import pytest

from handlers.alerting import intake
from handlers.domain.events.recovery import RecoveryVerified
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import Delivery
from handlers.remediation import propose
from runbooks import node_recovery
from runbooks.evidence import NodeEvidence, Role, Service
from tests.builders import ALICE, alert, dead, evidence, healthy, known, node
from tests.handlers.story import click, rests, submitted
from tests.handlers.world import World

COMMITTED_MEANWHILE = 5000


def killed(name: str) -> NodeEvidence:
    ended = Service(state="failed", result="signal", restarts=0, boot_id="boot-1")
    return dead(name, service=known(ended, by=f"agent:{name}"))


def led(index: int = 105) -> tuple[NodeEvidence, ...]:
    return (node(role=Role.LEADER, commit_index=index), node("node2", commit_index=index))


@pytest.fixture
def world() -> World:
    world = World()
    world.cluster.leader, world.cluster.term, world.cluster.leads_after = "node1", 7, None
    world.cluster.shows = evidence(*led(100), killed("node3"))
    return world


async def arrives(world: World, status: str = "firing") -> None:
    await intake.receive(world.ports, Delivery((alert("NodeDown", status=status, node="node3"),)), None)


async def started(world: World) -> Incident:
    """The incident after somebody pressed the button and confirmed the plan."""
    await arrives(world)
    (offer,) = (await rests(world)).offers
    _, shown = await propose.propose(world.ports, click(offer.handle))
    await propose.confirm(world.ports, submitted(shown.handle, ALICE))
    return await rests(world)


async def test_its_alert_says_which_node_stopped(world: World) -> None:
    await arrives(world)
    found = await rests(world)
    assert found.runbook == node_recovery.NAME
    assert found.diagnosis
    assert found.diagnosis.summary == "node3 stopped."


async def test_after_its_start_every_node_is_proven_to_serve(world: World) -> None:
    incident = await started(world)
    assert incident.stage is Stage.RECOVERED, world.kinds()
    assert isinstance(incident.verified, RecoveryVerified)
    assert incident.verified.sentence == "All 3 nodes serve, level to within 0 entries"


async def test_a_node_that_has_much_to_catch_up_with_is_no_failed_start(world: World) -> None:
    """It was away for long, so it is far behind; the run is over, and recovery is watched for."""
    world.cluster.shows = evidence(*led(100 + COMMITTED_MEANWHILE), killed("node3"))
    incident = await started(world)
    (run,) = incident.runs
    assert run.ended
    assert (run.ended.completed, run.checks["node3"].complaints) == (True, ())
    assert incident.verified is None, "it is far behind still"
    world.cluster.shows = evidence(*healthy())
    assert (await rests(world)).stage is Stage.RECOVERED


async def test_a_start_that_does_not_help_is_not_called_mended(world: World) -> None:
    world.cluster.deaf = {"node3"}
    incident = await started(world)
    assert incident.stage is not Stage.RECOVERED
    assert incident.verified is None


async def test_it_closes_when_the_alert_is_resolved(world: World) -> None:
    await started(world)
    await arrives(world, "resolved")
    assert (await rests(world)).closed is not None


async def test_a_lost_leader_is_another_incident(world: World) -> None:
    await arrives(world)
    assert await intake.receive(world.ports, Delivery((alert("NoLeader"),)), None) != ("inc-1",)
