"""A node applies nothing: from HighReplicationLag to its restart, and to the proof that it has caught up."""

from __future__ import annotations

import pytest

from handlers.alerting import intake
from handlers.domain.events.recovery import RecoveryVerified
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import Delivery
from handlers.remediation import propose
from runbooks import replication_lag
from runbooks.evidence import NodeEvidence, Role, Service
from tests.builders import ALICE, alert, evidence, known, node
from tests.handlers.story import click, rests, submitted
from tests.handlers.world import World

BEHIND = 5000


def stuck(name: str) -> NodeEvidence:
    """A follower whose commit index grows, and whose applied index does not."""
    member = node(name, commits=40)
    pages = {
        which: known(page.model_copy(update={"applied_index": 100 - BEHIND}), at=getattr(member, which).at)
        for which in ("metrics", "metrics_again", "local_metrics")
        if (page := getattr(member, which).value)
    }
    aged = Service(state="active", pid=4711, boot_id="boot-1", running_s=86_400.0)
    return member.model_copy(update={**pages, "service": known(aged, by=f"agent:{name}")})


@pytest.fixture
def world() -> World:
    world = World()
    world.cluster.leader, world.cluster.term, world.cluster.commits = "node1", 7, 140
    world.cluster.shows = evidence(
        node(role=Role.LEADER, commits=40), node("node2", commits=40), stuck("node3")
    )
    return world


async def arrives(world: World, status: str = "firing") -> None:
    lags = alert("HighReplicationLag", status=status, node="node3")
    await intake.receive(world.ports, Delivery((lags,)), None)


async def restarted(world: World) -> Incident:
    """The incident after somebody pressed the button and confirmed the plan."""
    await arrives(world)
    (offer,) = (await rests(world)).offers
    _, shown = await propose.propose(world.ports, click(offer.handle))
    await propose.confirm(world.ports, submitted(shown.handle, ALICE))
    return await rests(world)


async def test_its_alert_says_which_node_is_behind_and_why(world: World) -> None:
    await arrives(world)
    found = await rests(world)
    assert found.runbook == replication_lag.NAME
    assert found.diagnosis
    assert found.diagnosis.summary == "node3 is 5040 entries behind: the process runs and applies nothing."


async def test_after_its_restart_it_is_proven_to_have_caught_up(world: World) -> None:
    incident = await restarted(world)
    assert incident.stage is Stage.RECOVERED, world.kinds()
    assert isinstance(incident.verified, RecoveryVerified)
    assert incident.verified.sentence.startswith("node1 and all others stand level")


async def test_a_restart_that_does_not_help_is_not_called_mended(world: World) -> None:
    world.cluster.deaf = {"node3"}
    incident = await restarted(world)
    assert incident.stage is not Stage.RECOVERED
    assert incident.verified is None


async def test_it_closes_when_the_alert_is_resolved(world: World) -> None:
    await restarted(world)
    await arrives(world, "resolved")
    closed = (await rests(world)).closed
    assert closed is not None


async def test_a_lost_leader_is_another_incident(world: World) -> None:
    await arrives(world)
    others = await intake.receive(world.ports, Delivery((alert("NoLeader"),)), None)
    assert others != ("inc-1",)
