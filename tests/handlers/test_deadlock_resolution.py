"""Transactions deadlock: from HighDeadlockRate to what has changed, and to minutes in which they are few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from handlers import advance
from handlers.alerting import intake
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import Delivery
from runbooks import deadlock_resolution
from runbooks.evidence import Evidence, NodeEvidence
from runbooks.posture.samples import Sample, sample_of
from tests.builders import NOON, alert, evidence, healthy
from tests.handlers.world import World

COUNTED = 50_000


def having_found(deadlocks: int) -> Evidence:
    """A healthy cluster whose third node has found so many deadlocks, and none between the samples."""
    *others, third = healthy()
    return evidence(*(_counting(each, 0) for each in others), _counting(third, deadlocks))


def _counting(member: NodeEvidence, deadlocks: int) -> NodeEvidence:
    pages = {
        which: reading.model_copy(update={"value": page.model_copy(update={"deadlocks_total": deadlocks})})
        for which in ("metrics", "metrics_again", "local_metrics")
        if (reading := getattr(member, which)) and (page := reading.value)
    }
    return member.model_copy(update=pages)


def kept(minutes_ago: float, deadlocks: int) -> Sample:
    sample = sample_of(having_found(deadlocks))
    return structs.replace(sample, at=NOON - timedelta(minutes=minutes_ago))


@pytest.fixture
def world() -> World:
    world = World()
    world.cluster.shows = having_found(COUNTED)
    # Five a second over the last ten minutes, though chance has it that two samples show none.
    world.postures.kept["demo"] = [kept(10, COUNTED - 3_000)]
    return world


async def after(world: World, looks: int) -> Incident:
    await intake.receive(world.ports, Delivery((alert("HighDeadlockRate", node="node3"),)), None)
    for _ in range(looks):
        incident, due = await advance.advance(world.ports, "inc-1")
        if due is None or incident.stage is Stage.RECOVERED:
            break
        world.time.pass_s(15)
    return incident


async def test_what_was_kept_of_the_minutes_before_says_that_they_are_many(world: World) -> None:
    incident = await after(world, looks=1)
    assert incident.runbook == deadlock_resolution.NAME
    assert incident.diagnosis
    assert incident.diagnosis.top.nodes == ("node3",)
    assert "5.0 deadlocks a second" in incident.diagnosis.top.evidence_for[0]


async def test_two_samples_without_a_deadlock_are_no_recovery_while_the_minutes_before_had_many(
    world: World,
) -> None:
    assert (await after(world, looks=20)).stage is not Stage.RECOVERED


async def test_minutes_with_few_are_one(world: World) -> None:
    await after(world, looks=1)
    world.postures.kept["demo"].append(kept(6, COUNTED))
    assert (await after(world, looks=20)).stage is Stage.RECOVERED
