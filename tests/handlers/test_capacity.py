"""A disk fills up: from DiskSpaceLow to the days that are left, and to the proof that there is room again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from handlers import advance
from handlers.alerting import intake
from handlers.domain.events.recovery import RecoveryVerified
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import Delivery
from handlers.domain.policy import Member
from handlers.remediation import propose, second_approval
from runbooks import capacity
from runbooks.evidence import Disk, Evidence, NodeEvidence
from runbooks.plans import Action
from runbooks.posture.samples import Sample, sample_of
from tests.builders import ALICE, BOB, NOON, alert, evidence, healthy, known, led_by, reaching
from tests.handlers.story import click, submitted
from tests.handlers.world import HOME, ON_CALL, World

GIB = 2**30
LOG_A_DAY_GIB = 2.0


def with_disk(free_gib: float, log_gib: float) -> Evidence:
    """A healthy cluster; of node3's disk so much is free, and so much is its log."""
    first, second, third = healthy()
    others = (_with_disk(first, 60, 1), _with_disk(second, 60, 1))
    return evidence(*others, _with_disk(third, free_gib, log_gib))


def _with_disk(member: NodeEvidence, free_gib: float, log_gib: float) -> NodeEvidence:
    disk = Disk(path="/var/lib/neumann", free_bytes=int(free_gib * GIB), total_bytes=100 * GIB)
    used = {
        **{"wal_size_bytes": int(log_gib * GIB), "disk_bytes": 20 * GIB},
        **{"memory_bytes": 2 * GIB, "memory_limit_bytes": 10 * GIB},
    }
    pages = {
        which: reading.model_copy(
            update={"value": reading.value.model_copy(update={**used, "cpu_seconds_total": cpu_s})}
        )
        for which, cpu_s in (("metrics", 100.0), ("metrics_again", 100.1), ("local_metrics", 100.1))
        if (reading := getattr(member, which)).value
    }
    return member.model_copy(update={**pages, "disk": known(disk, by="agent:node3")})


def kept(days_ago: float) -> Sample:
    """What was kept of a reading, when the log had not grown so far."""
    less = LOG_A_DAY_GIB * days_ago
    read = with_disk(5 + less, 40 - less)
    return structs.replace(sample_of(read), at=NOON - timedelta(days=days_ago))


@pytest.fixture
def world() -> World:
    world = World()
    world.cluster.shows = with_disk(5, 40)
    return world


async def found(world: World) -> Incident:
    await intake.receive(world.ports, Delivery((alert("DiskSpaceLow", node="node3"),)), None)
    incident, _ = await advance.advance(world.ports, "inc-1")
    return incident


async def test_its_alert_says_what_takes_the_disk_and_how_long_it_lasts(world: World) -> None:
    world.postures.kept["demo"] = [kept(quarter / 96) for quarter in range(288, 0, -1)]
    incident = await found(world)
    assert incident.runbook == capacity.NAME
    assert incident.diagnosis
    assert incident.diagnosis.summary == (
        "The write-ahead log takes the disk of node3 and is not compacted: 2 days to the log's hard stop."
    )
    assert incident.offers == ()


async def test_without_samples_it_is_left_open_what_takes_it(world: World) -> None:
    incident = await found(world)
    assert incident.diagnosis
    assert incident.diagnosis.top.cause == "disk_unexplained"
    assert incident.diagnosis.top.would_decide


async def test_once_there_is_room_again_it_is_proven(world: World) -> None:
    await found(world)
    world.cluster.shows = with_disk(60, 1)
    for _ in range(240):
        incident, due = await advance.advance(world.ports, "inc-1")
        if due is None or incident.stage is Stage.RECOVERED:
            break
        world.time.pass_s(15)
    assert incident.stage is Stage.RECOVERED, world.kinds()
    assert isinstance(incident.verified, RecoveryVerified)


def leader_fills(free_gib: float = 5) -> Evidence:
    """The same of node1, which leads, and whose agent hands on."""
    first, second, third = healthy()
    offered = known(("transfer_leadership",), by="agent:node1")
    filling = _with_disk(first, free_gib, 40).model_copy(update={"actions": offered})
    return evidence(filling, second, third)


def kept_of_leader(days_ago: float) -> Sample:
    less = 10 * days_ago
    first, second, third = healthy()
    read = evidence(_with_disk(first, 5 + less, 40 - less), second, third)
    return structs.replace(sample_of(read), at=NOON - timedelta(days=days_ago))


@pytest.fixture
async def handing_on() -> World:
    """Found: the leader's disk is full in half a day."""
    world = World()
    world.cluster.shows, world.cluster.leader, world.cluster.term = leader_fills(), "node1", 7
    world.postures.kept["demo"] = [kept_of_leader(quarter / 96) for quarter in range(288, 0, -1)]
    await found(world)
    return world


async def approved(world: World) -> Incident:
    """After one person has confirmed, and another has approved."""
    (offer,) = (await world.timelines.load("inc-1")).offers
    _, shown = await propose.propose(world.ports, click(offer.handle))
    await propose.confirm(world.ports, submitted(shown.handle, ALICE))
    assert world.agents.effects == [], "one person is not enough"
    world.directory.members[BOB.id] = Member(BOB.id, HOME, HOME, frozenset({ON_CALL}))
    await second_approval.awaiting(world.ports, click(shown.handle, BOB))
    await second_approval.approve(world.ports, submitted(shown.handle, BOB))
    for _ in range(60):
        incident, due = await advance.advance(world.ports, "inc-1")
        if due is None or (incident.run and incident.run.ended):
            return incident
        world.time.pass_s(5)
    return incident


async def test_two_people_hand_the_leadership_on_before_the_disk_is_full(handing_on: World) -> None:
    incident = await approved(handing_on)
    assert handing_on.agents.effects == [("node1", "transfer_leadership")]
    assert incident.run and incident.run.ended and incident.run.ended.completed
    assert incident.run.checks["node1"].leader == "node3"
    assert _detail_of_the_step(incident) == "Done. node3 leads term 8."
    assert incident.run.ended.undo is None


@pytest.mark.parametrize(
    ("leader", "silent", "said"),
    [
        ("node2", set(), "Done. node2 leads term 8, not node3."),
        (None, set(), "Done. No leader with a majority is seen yet."),
        ("node3", {"node1", "node2"}, "Done. No leader with a majority is seen yet."),
        ("node3", {"node1", "node2", "node3"}, "Done."),
    ],
)
async def test_a_step_that_is_done_says_who_leads_as_far_as_that_was_read(
    handing_on: World, leader: str | None, silent: set[str], said: str
) -> None:
    feel = handing_on.cluster.feel

    def felt(action: Action) -> None:
        feel(action)
        handing_on.cluster.leader, handing_on.cluster.silent = leader, silent

    handing_on.agents.on_effect = felt
    assert _detail_of_the_step(await approved(handing_on)) == said


def _detail_of_the_step(incident: Incident) -> str:
    assert incident.run
    finished = incident.run.actions[0].finished
    assert finished and finished.state == "done"
    return finished.detail


async def test_nothing_is_handed_on_once_a_vote_is_missing(handing_on: World) -> None:
    first, second, third = handing_on.cluster.shows.nodes
    handing_on.cluster.comes_meanwhile = lambda: setattr(
        handing_on.cluster, "shows", evidence(first, reaching(second, "node3", "timeout"), third)
    )
    incident = await approved(handing_on)
    assert handing_on.agents.effects == []
    assert incident.run and incident.run.ended and "The link node2 → node3" in incident.run.ended.detail


async def test_a_leader_that_was_lost_and_came_back_meanwhile_is_left_alone(handing_on: World) -> None:
    shown = handing_on.cluster.shows
    handing_on.cluster.comes_meanwhile = lambda: setattr(
        handing_on.cluster, "shows", evidence(*(led_by(node, "node1", 9) for node in shown.nodes))
    )
    incident = await approved(handing_on)
    assert handing_on.agents.effects == []
    assert incident.run and incident.run.ended
    assert "node1 is not known to lead term 7 still" in incident.run.ended.detail


async def test_a_leader_that_leads_again_has_not_handed_on(handing_on: World) -> None:
    handing_on.cluster.deaf = {"node1"}
    incident = await approved(handing_on)
    assert incident.run and incident.run.ended
    assert "node1 leads again" in incident.run.ended.detail
