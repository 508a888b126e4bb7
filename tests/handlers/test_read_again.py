"""Somebody wants the cluster read now: it is read at once, once, and by the way that the bot itself reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers import advance, triage
from handlers.domain.events.diagnosis import EvidenceRead
from handlers.domain.events.recovery import LeaderVerified
from handlers.domain.events.triage import ReadingAsked
from handlers.domain.incident import Incident
from handlers.errors import Refused
from runbooks.model import Leadership
from tests.builders import ALICE, BOB, NOON, alert, evidence, opened
from tests.handlers.story import confirmed, diagnosed_world, quorum_lost
from tests.handlers.world import World

ID = "inc-1"


async def goes_on(world: World, seconds: float = 5) -> Incident:
    world.time.pass_s(seconds)
    return (await advance.advance(world.ports, ID)).incident


async def test_it_is_read_at_once_and_judged_as_ever() -> None:
    world = await diagnosed_world()
    world.cluster.shows = evidence()
    await goes_on(world, 15)
    assert world.cluster.reads == 0, "by itself the bot reads again after a minute"
    await triage.read_again(world.ports, ID, ALICE)
    incident = await goes_on(world)
    assert world.cluster.reads == 1
    assert world.kinds()[-3:] == ["reading_asked", "evidence_read", "findings_ranked"]
    assert incident.reading_asked is None
    assert incident.offers == ()


async def test_who_presses_after_somebody_else_is_told_so_and_it_is_read_once() -> None:
    world = await diagnosed_world()
    world.time.pass_s(15)
    await triage.read_again(world.ports, ID, ALICE)
    with pytest.raises(Refused, match="alice has asked for a reading already"):
        await triage.read_again(world.ports, ID, BOB)
    await goes_on(world)
    with pytest.raises(Refused, match="The cluster was read 0 s ago; ask again in a moment"):
        await triage.read_again(world.ports, ID, BOB)
    await goes_on(world, 15)
    assert world.cluster.reads == 1
    assert (await triage.read_again(world.ports, ID, BOB)).reading_asked, "what is read can be asked for anew"


async def test_while_the_bot_reads_by_itself_no_second_reading_begins() -> None:
    world = await diagnosed_world()
    half = quorum_lost().model_copy(update={"complete": False})
    world.timelines.events[ID].append(EvidenceRead(at=NOON, evidence=half))
    world.time.pass_s(3)
    with pytest.raises(Refused, match="The cluster is being read right now"):
        await triage.read_again(world.ports, ID, ALICE)
    assert "reading_asked" not in world.kinds()


async def test_a_reading_whose_worker_died_keeps_nobody_from_asking() -> None:
    world = await diagnosed_world()
    half = quorum_lost().model_copy(update={"complete": False})
    world.timelines.events[ID].append(EvidenceRead(at=NOON, evidence=half))
    world.time.pass_s(61)
    assert (await triage.read_again(world.ports, ID, ALICE)).reading_asked


async def test_a_press_just_as_the_bot_begins_to_read_is_answered_by_that_reading() -> None:
    world = await diagnosed_world()
    world.timelines.before_append.append((ID, ReadingAsked(at=NOON + timedelta(seconds=61), by=ALICE)))
    incident = await goes_on(world, 61)
    assert world.kinds()[-3:] == ["reading_asked", "evidence_read", "findings_ranked"]
    assert incident.reading_asked is None
    assert world.cluster.reads == 1


async def test_a_cluster_without_a_runbook_is_read_again_too() -> None:
    world = World()
    fired = opened(alert("BackupTooOld"), runbook="alert:BackupTooOld")
    world.timelines.events[ID] = [fired]
    world.timelines.open["demo/alert:BackupTooOld"] = ID
    await goes_on(world)
    await goes_on(world, 600)
    assert world.cluster.reads == 1
    await triage.read_again(world.ports, ID, ALICE)
    await goes_on(world)
    assert world.cluster.reads == 2


async def test_a_run_reads_for_itself() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    with pytest.raises(Refused, match="A plan is running"):
        await triage.read_again(world.ports, ID, ALICE)


async def test_once_a_leader_is_proven_the_findings_stay_as_they_were() -> None:
    world = await diagnosed_world()
    verified = LeaderVerified(at=NOON, leadership=Leadership(leader="node1", term=8), stable_s=10)
    world.timelines.events[ID].append(verified)
    with pytest.raises(Refused, match="`/neumann election status` reads the cluster now"):
        await triage.read_again(world.ports, ID, ALICE)
