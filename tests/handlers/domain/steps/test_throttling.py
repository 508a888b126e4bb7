"""An incident that goes on and on writes less and less; a leader that stays is still proven."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers import advance, recovery
from handlers.alerting import intake
from handlers.domain.alerts import Reason
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
from handlers.domain.fold import KEPT_FIRINGS, apply
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery, Unreadable
from handlers.domain.steps import throttling
from handlers.domain.steps.kinds import ReadCluster
from handlers.domain.steps.next_step import next_step
from handlers.remarks import MAX_REMARKS
from runbooks.leader_election.recovery import recovery_of
from runbooks.model import Leadership
from tests.builders import NOON, alert, dead, diagnosed, evidence, node, opened
from tests.handlers.story import confirmed, diagnosed_world
from tests.handlers.world import World

ALL = ("node1", "node2", "node3")


def led(term: int, commits: int = 0, leader: str | None = "node1") -> Leadership:
    return Leadership(
        leader=leader,
        term=term,
        highest_term=term,
        acknowledged_by=ALL,
        claimed_by=("node1",),
        commit_index=100 + commits,
        majority=leader is not None,
    )


def without_leader() -> Incident:
    read = evidence(node("node1"), dead("node2"), dead("node3"))
    return apply(Incident(id="inc-1"), opened(), *diagnosed(read))


def flap(incident: Incident, seconds: int, every_s: int = 3) -> tuple[Incident, list[LeaderSeen]]:
    """A leader that comes and goes, always in a new term, looked at every second."""
    events = []
    for second in range(seconds):
        now = NOON + timedelta(seconds=second)
        turn = second // every_s
        event = recovery.what_is_new(
            incident, recovery_of(led(8 + turn, leader=None if turn % 2 else "node1")), now
        )
        if event:
            assert isinstance(event, LeaderSeen)
            events.append(event)
            incident = apply(incident, event)
    return incident, events


def test_the_first_changes_of_leadership_are_all_written_down() -> None:
    _, events = flap(without_leader(), seconds=3 * throttling.FREE_CHANGES)
    assert len(events) == throttling.FREE_CHANGES


def test_flapping_is_written_down_four_times_an_hour_in_the_end() -> None:
    _, events = flap(without_leader(), seconds=12 * 3600)
    assert len(events) < 250
    last_hours = [event for event in events if event.at > NOON + timedelta(hours=10)]
    assert 0 < len(last_hours) <= 2 * 2 * 4, "a return and a loss a quarter of an hour"


def test_a_loss_is_always_written_down_so_nobody_is_called_stable_who_is_not() -> None:
    incident, _ = flap(without_leader(), seconds=6 * 3600)
    began = NOON + timedelta(hours=6)
    for second in range(2 * 3600):
        # It comes back for nine seconds of ten, in the same term.
        leader = None if second % 10 == 9 else "node1"
        event = recovery.what_is_new(
            incident, recovery_of(led(9_000, second, leader)), began + timedelta(seconds=second)
        )
        assert not isinstance(event, LeaderVerified)
        incident = apply(incident, event) if event else incident


def test_a_leader_that_stays_is_verified_within_a_quarter_of_an_hour() -> None:
    incident, _ = flap(without_leader(), seconds=12 * 3600)
    began = NOON + timedelta(hours=12)
    for second in range(int(throttling.AT_MOST_EVERY_S) + 30):
        now = began + timedelta(seconds=second)
        event = recovery.what_is_new(incident, recovery_of(led(90_000, second)), now)
        incident = apply(incident, event) if event else incident
        if incident.verified:
            break
    assert isinstance(incident.verified, LeaderVerified)
    assert incident.verified.leadership.term == 90_000


async def test_a_run_begins_the_count_anew_so_its_leader_is_proven_at_once() -> None:
    world = await diagnosed_world()
    flapping = [LeaderSeen(at=NOON, leadership=led(8 + turn)) for turn in range(200)]
    world.timelines.events["inc-1"] += flapping
    world.timelines.events["inc-1"] += [LeaderSeen(at=NOON, leadership=led(300, leader=None))]
    before = await world.timelines.load("inc-1")
    assert throttling.leader_pause_s(before) == throttling.AT_MOST_EVERY_S
    assert throttling.leader_pause_s(await confirmed(world)) == 0.0


async def test_the_thread_is_told_once_that_not_every_change_is_written_down() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    world.timelines.events["inc-1"] = [opened(), *diagnosed(world.cluster.shows)]
    for second in range(3 * throttling.FREE_CHANGES):
        world.cluster.leader = None if second % 2 else "node1"
        world.cluster.term += 1
        await advance.advance(world.ports, "inc-1")
        world.time.pass_s(1)
    incident = await world.timelines.load("inc-1")
    assert [note.key for note in incident.remarks.values()] == ["flapping"]
    assert world.kinds().count("leader_seen") < 3 * throttling.FREE_CHANGES


def test_readings_become_rarer_as_the_timeline_grows() -> None:
    incident = replace(without_leader(), evidence_at=NOON + timedelta(days=1))

    def rests_for_s(position: int) -> float:
        grown = replace(incident, position=position)
        assert grown.evidence_at
        for quarters in range(1, 100):
            later_s = quarters * throttling.AT_MOST_EVERY_S
            step = next_step(grown, grown.evidence_at + timedelta(seconds=later_s))
            if isinstance(step, ReadCluster):
                return later_s
        raise AssertionError

    quarter_s = throttling.AT_MOST_EVERY_S
    positions = (0, throttling.DOUBLES_AFTER, 3 * throttling.DOUBLES_AFTER)
    assert [rests_for_s(position) for position in positions] == [quarter_s, 2 * quarter_s, 8 * quarter_s]


async def test_the_thread_is_told_when_its_cluster_is_read_less_often() -> None:
    world = World()
    world.cluster.shows = evidence(node("node1"), dead("node2"), dead("node3"))
    filler = LeaderSeen(at=NOON, leadership=led(8, leader=None))
    world.timelines.events["inc-1"] = [opened(), *[filler] * (throttling.DOUBLES_AFTER - 2)]
    await advance.advance(world.ports, "inc-1")
    assert world.kinds()[-3:] == ["evidence_read", "findings_ranked", "noted"]
    world.time.pass_s(3601)
    await advance.advance(world.ports, "inc-1")
    assert world.kinds().count("noted") == 1


async def test_notes_are_few_however_many_alerts_cannot_be_read() -> None:
    world = World()
    for number in range(3 * MAX_REMARKS):
        unreadable = Unreadable(f'{{"n": {number}}}', "status is missing")
        await intake.receive(world.ports, Delivery((alert(),), (unreadable,)), None)
    notes = list((await world.timelines.load("inc-1")).remarks.values())
    assert len(notes) == MAX_REMARKS + 1
    assert notes[-1].sentence.startswith("There is more of this kind than is said here")


def test_of_an_alert_that_flaps_the_newest_firings_are_kept() -> None:
    incident = Incident(id="inc-1")
    for number in range(KEPT_FIRINGS + 200):
        again = alert().model_copy(update={"starts_at": NOON + timedelta(minutes=number)})
        received = AlertsReceived(
            at=NOON, reason=Reason.ALERTS_ADDED, cluster="demo", runbook="leader-election", alerts=(again,)
        )
        incident = apply(incident, received)
    assert len(incident.firings) == KEPT_FIRINGS
    assert max(start for _, start in incident.firings) == NOON + timedelta(minutes=KEPT_FIRINGS + 199)
