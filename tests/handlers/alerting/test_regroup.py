"""Merging and splitting incidents: who may, what forbids it, and what the timelines say of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from handlers import advance, commands, triage
from handlers.alerting import give_alerts, intake
from handlers.commands.answers import Asked, Said
from handlers.domain.events.base import Person
from handlers.domain.events.recovery import LeaderVerified
from handlers.domain.events.regrouping import AlertsJoined, Hindrance, RegroupingGivenUp, SplitAsked
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery
from handlers.domain.permissions import Permission, Permissions
from handlers.domain.policy import Member
from handlers.domain.postmortem import draft as postmortem
from handlers.domain.regrouping import words
from handlers.domain.regrouping.choices import OUTLIVES_S, outlived
from handlers.domain.regrouping.state import Request
from handlers.errors import NotAllowed, Refused
from handlers.remediation import propose
from runbooks.explained import Explanation
from runbooks.model import Leadership
from tests.builders import ALICE, BOB, NOON, alert, opened
from tests.handlers.story import confirmed, diagnosed_world, proposed, submitted
from tests.handlers.world import HOME, ON_CALL, World

DOWN, DISK = alert("ElectionStorm", node="node2"), alert("RootDiskFull")


async def two(world: World | None = None) -> World:
    """`inc-1`, a lost quorum with two alerts, and `inc-2`, a disk that no runbook knows."""
    world = world or await diagnosed_world()
    await intake.receive(world.ports, Delivery((DOWN, DISK)), None)
    return world


async def ask(world: World, text: str, by: Person = ALICE) -> str:
    answer = await commands.answer(world.ports, f"incident {text}", Asked(by))
    assert isinstance(answer, Said)
    return answer.sentence


async def done(world: World, incident_id: str) -> str:
    """What the thread says became of the newest request, once it is carried out."""
    await advance.advance(world.ports, incident_id)
    incident = await world.timelines.load(incident_id)
    return words.outcome(incident, incident.regrouping.outcomes[-1])


async def test_both_timelines_say_who_merged_what() -> None:
    world = await two()
    await ask(world, "merge inc-2 into inc-1")
    assert await done(world, "inc-2") == "This incident was merged into inc-1 by alice: go on there."
    (taken,) = (await world.timelines.load("inc-1")).regrouping.taken
    assert words.taken(taken) == (
        "inc-2 was merged into this incident by alice: all of its alerts come here now."
    )
    assert taken.link.endswith("/inc-2/headline")
    report = postmortem.markdown("inc-1", await world.timelines.timeline("inc-1"))
    assert "inc-2 was merged into this incident by alice" in report


async def test_both_timelines_say_who_split_what() -> None:
    world = await two()
    await ask(world, "split inc-1 ElectionStorm")
    assert await done(world, "inc-1") == "ElectionStorm was split off by alice: it is inc-3 now."
    own = await world.timelines.load("inc-3")
    assert [words.taken(each) for each in own.regrouping.taken] == ["Split off inc-1 by alice."]
    assert [each.name for each in own.firing] == ["ElectionStorm"]


async def test_two_alerts_of_a_name_are_told_apart_by_their_labels() -> None:
    world = await two()
    other = alert("ElectionStorm", node="node3")
    await intake.receive(world.ports, Delivery((other,)), None)
    await ask(world, "split inc-1 ElectionStorm node3")
    await done(world, "inc-1")
    left = await world.timelines.load("inc-1")
    assert set(left.alerts) == {alert().fingerprint, DOWN.fingerprint}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("merge inc-1 into inc-1", "inc-1 cannot be merged into itself"),
        (
            "merge inc-1 into inc-2",
            "inc-2 does not look for the causes that inc-1 looks for: merge inc-2 into inc-1",
        ),
        ("merge inc-1 into inc-99", "There is no incident inc-99"),
        ("merge inc-1", "Into which incident. Write `/neumann incident merge inc-1 into inc-2`"),
        ("merge inc-1 into eu", "Into which incident"),
        ("split inc-1", "Which alert. inc-1 has ElectionStorm, NoLeader"),
        ("split inc-1 DiskFull", "Which alert. inc-1 has"),
        ("split inc-1 ElectionStorm node3", "Which alert. inc-1 has"),
        ("split inc-2 RootDiskFull", "inc-2 has no other alert, so there is nothing to split"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(text: str, why: str) -> None:
    world = await two()
    before = {each: world.kinds(each) for each in world.timelines.events}
    with pytest.raises(Refused, match=why):
        await ask(world, text)
    assert {each: world.kinds(each) for each in world.timelines.events} == before


async def test_what_fires_and_is_judged_does_not_go_where_nobody_is_called_any_more() -> None:
    world = await diagnosed_world()
    await intake.receive(world.ports, Delivery((alert("DiskSpaceLow"),)), None)
    led = Leadership(leader="node1", majority=True)
    world.timelines.events["inc-1"].append(LeaderVerified(at=NOON, leadership=led, stable_s=10.0))
    with pytest.raises(Refused, match="inc-1 has recovered, so nobody is called for it any more"):
        await ask(world, "merge inc-2 into inc-1")
    await intake.receive(world.ports, Delivery((alert("DiskSpaceLow", status="resolved", minute=9),)), None)
    assert "being merged" in await ask(world, "merge inc-2 into inc-1")


async def test_what_was_merged_and_fires_on_after_the_recovery_is_judged_and_told_again() -> None:
    world = await diagnosed_world()
    down = [alert("NodeDown", node=name) for name in ("node2", "node3")]
    await intake.receive(world.ports, Delivery((down[0],)), None)
    await ask(world, "merge inc-2 into inc-1")
    await done(world, "inc-2")
    led = Leadership(leader="node1", majority=True)
    world.timelines.events["inc-1"].append(LeaderVerified(at=NOON, leadership=led, stable_s=10.0))
    await intake.receive(world.ports, Delivery((down[1],)), None)

    late = NOON + timedelta(seconds=OUTLIVES_S)
    incident = await world.timelines.load("inc-1")
    assert set(outlived(incident, late)) == {each.fingerprint for each in down}
    split = await give_alerts.give(world.ports, *await asked_to_split(world, incident, late))
    own = await world.timelines.load(split.regrouping.given_to(down[1].fingerprint) or "")
    assert (own.runbook, len(own.firing), own.verified) == ("node-recovery", 2, None)


async def asked_to_split(world: World, incident: Incident, now: datetime) -> tuple[Incident, Request]:
    asked = SplitAsked(at=now, fingerprints=outlived(incident, now))
    incident = await world.timelines.append(incident, asked)
    assert incident.regrouping.request
    return incident, incident.regrouping.request


@pytest.mark.parametrize("text", ["merge inc-2 into inc-1", "split inc-1 ElectionStorm"])
async def test_not_while_a_plan_is_carried_out(text: str) -> None:
    world = await two()
    await confirmed(world)
    with pytest.raises(Refused, match="A plan of inc-1 is being carried out; merge or split once"):
        await ask(world, text)


@pytest.mark.parametrize("text", ["merge inc-1 into inc-2", "split inc-1 ElectionStorm"])
async def test_no_bystander_takes_away_what_awaits_a_second_approval(text: str) -> None:
    world = await diagnosed_world()
    world.permissions = Permissions((Permission(confirm_groups=(ON_CALL,), second_groups=("S0SENIOR01",)),))
    await intake.receive(world.ports, Delivery((DOWN, alert("DiskSpaceLow"))), None)
    assert (await confirmed(world)).awaiting_second
    with pytest.raises(Refused, match="inc-1 that alice confirmed awaits a second approval"):
        await ask(world, text, BOB)
    world.time.pass_s(601)
    assert "inc-1" in await ask(world, text, BOB)


async def test_a_plan_that_begins_before_the_other_takes_the_alerts_keeps_them_apart() -> None:
    world = await two()
    plan = await proposed(world)
    await ask(world, "merge inc-2 into inc-1")
    await propose.confirm(world.ports, submitted(plan.handle))
    assert await done(world, "inc-2") == (
        "Not merged: a plan of inc-1 is being carried out. Ask again once that is over."
    )
    assert (await world.timelines.load("inc-2")).closed is None
    assert world.timelines.homes[DISK.key] == "inc-2"


async def test_no_plan_begins_in_what_is_about_to_change() -> None:
    world = await two()
    plan = await proposed(world)
    await ask(world, "split inc-1 ElectionStorm")
    with pytest.raises(Refused, match="being merged or split"):
        await propose.confirm(world.ports, submitted(plan.handle))


async def test_incidents_of_two_clusters_stay_two() -> None:
    world = await two()
    world.cluster.clusters = ("demo", "eu")
    await intake.receive(world.ports, Delivery((alert("NoLeader", cluster="eu"),)), None)
    with pytest.raises(Refused, match="inc-2 is about demo and inc-3 about eu: only incidents"):
        await ask(world, "merge inc-2 into inc-3")


async def test_a_guest_may_not() -> None:
    world = await two()
    world.directory.members[BOB.id] = Member(BOB.id, HOME, HOME, frozenset(), is_guest=True)
    for text in ("merge inc-2 into inc-1", "split inc-1 ElectionStorm"):
        with pytest.raises(NotAllowed, match="A guest may not act"):
            await ask(world, text, BOB)


async def test_what_does_not_fire_any_more_needs_no_incident() -> None:
    world = await two()
    over = alert("ElectionStorm", status="resolved", minute=1, node="node2")
    await intake.receive(world.ports, Delivery((over,)), None)
    with pytest.raises(Refused, match="ElectionStorm of inc-1 does not fire any more"):
        await ask(world, "split inc-1 ElectionStorm")


async def test_a_merged_one_is_not_reopened() -> None:
    world = await two()
    await ask(world, "merge inc-2 into inc-1")
    await done(world, "inc-2")
    with pytest.raises(Refused, match="inc-2 was merged into inc-1, which has its alerts"):
        await triage.reopen(world.ports, "inc-2", ALICE)


async def test_one_that_cannot_be_read_takes_nothing() -> None:
    world = await two()
    await ask(world, "merge inc-2 into inc-1")
    world.timelines.tampered.add("inc-1")
    assert (await done(world, "inc-2")).startswith("Not merged: the other incident cannot be read.")


async def test_what_the_bot_could_not_split_off_is_tried_again_ten_minutes_later() -> None:
    lag = alert("HighReplicationLag")
    asked = SplitAsked(at=NOON, fingerprints=(lag.fingerprint,))
    given_up = RegroupingGivenUp(
        at=NOON + timedelta(seconds=OUTLIVES_S), why=Hindrance.RUNNING, other="inc-2"
    )
    events = (
        opened(alert(), lag),
        AlertsJoined(at=NOON, fingerprints=(lag.fingerprint,), explanation=Explanation.NO_LEADER),
        LeaderVerified(at=NOON, leadership=Leadership(leader="node1", majority=True), stable_s=10.0),
    )
    attempted = fold("inc-1", (*events, asked, given_up))

    def after(minutes: float) -> datetime:
        return NOON + timedelta(minutes=minutes)

    assert outlived(fold("inc-1", events[:2]), after(60)) == (), "without a leader it is explained"
    assert outlived(fold("inc-1", events), after(9.9)) == ()
    assert outlived(fold("inc-1", events), after(10)) == (lag.fingerprint,)
    assert outlived(attempted, after(19.9)) == ()
    assert outlived(attempted, after(20)) == (lag.fingerprint,)
