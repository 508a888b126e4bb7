"""A button becomes a plan, the plan is confirmed once by the right person, and runs once, node by node."""

from dataclasses import replace

import pytest

from handlers import remediation, work
from handlers.errors import AlreadyConfirmed, NotAllowed, Refused, StaleOffer, UnknownHandle
from handlers.events import Closed, PlanConfirmed, PlanProposed
from handlers.incident import Incident
from handlers.policy import Member
from runbooks.evidence import Evidence
from tests.builders import ALICE, BOB, NOON, candidates, dead, diagnosed, evidence, node, opened
from tests.handlers.world import HOME, ON_CALL, World


def quorum_lost() -> Evidence:
    return evidence(node("node1"), dead("node2"), dead("node3"))


async def diagnosed_world(read: Evidence | None = None) -> World:
    world = World()
    world.cluster.shows = read or quorum_lost()
    world.timelines.events["inc-1"] = [opened(), *diagnosed(world.cluster.shows)]
    world.timelines.open["demo/leader-election"] = "inc-1"
    for offer in (await world.timelines.load("inc-1")).offers:
        world.timelines.handles[offer.handle] = "inc-1"
    return world


def click(handle: str = "start_nodes", by: object = ALICE) -> remediation.Click:
    return remediation.Click(handle=handle, by=by, channel="C1", message_ts="1.0")  # type: ignore[arg-type]


async def proposed(world: World, handle: str = "start_nodes") -> PlanProposed:
    return (await remediation.propose(world.ports, click(handle)))[1]


async def confirmed(world: World, handle: str = "start_nodes") -> Incident:
    return await remediation.confirm(world.ports, (await proposed(world, handle)).handle, ALICE)


async def test_a_click_shows_the_exact_plan_and_changes_nothing_on_any_node() -> None:
    world = await diagnosed_world()
    plan = (await proposed(world)).plan
    assert [step.shown for step in plan.steps] == ["systemctl start neumann"] * 2
    assert world.agents.effects == []


async def test_a_confirmed_plan_is_carried_out_in_order_and_once() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    await work.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]
    assert world.kinds()[-6:] == [
        "plan_confirmed",
        "action_started",
        "action_finished",
        "action_started",
        "action_finished",
        "run_ended",
    ]


async def test_the_second_of_two_confirmations_is_told_who_was_first() -> None:
    world = await diagnosed_world()
    first, second = await proposed(world), await proposed(world)
    await remediation.confirm(world.ports, first.handle, ALICE)
    with pytest.raises(AlreadyConfirmed, match="alice has confirmed"):
        await remediation.confirm(world.ports, second.handle, ALICE)
    with pytest.raises(AlreadyConfirmed):
        await remediation.confirm(world.ports, first.handle, ALICE)


async def test_of_two_confirmations_in_the_same_moment_on_two_replicas_one_wins() -> None:
    world = await diagnosed_world()
    mine, theirs = await proposed(world), await proposed(world)
    other = PlanConfirmed(at=NOON, handle=theirs.handle, plan_sha256=theirs.plan.sha256, by=ALICE)
    world.timelines.before_append.append(("inc-1", other))
    with pytest.raises(AlreadyConfirmed):
        await remediation.confirm(world.ports, mine.handle, ALICE)
    assert world.kinds().count("plan_confirmed") == 1


async def test_someone_outside_the_on_call_group_neither_sees_the_plan_nor_confirms_it() -> None:
    world = await diagnosed_world()
    with pytest.raises(NotAllowed, match="on-call group"):
        await remediation.propose(world.ports, click(by=BOB))
    plan = await proposed(world)
    with pytest.raises(NotAllowed):
        await remediation.confirm(world.ports, plan.handle, BOB)
    assert "plan_confirmed" not in world.kinds()


async def test_someone_who_left_the_group_between_click_and_confirmation_is_refused() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.directory.members[ALICE.id] = Member(ALICE.id, HOME, HOME, frozenset())
    with pytest.raises(NotAllowed):
        await remediation.confirm(world.ports, plan.handle, ALICE)


async def test_slack_not_answering_is_a_no() -> None:
    world = await diagnosed_world()
    world.directory.answers = False
    with pytest.raises(NotAllowed, match="Slack does not say"):
        await remediation.propose(world.ports, click())


async def test_a_button_on_a_message_that_is_not_the_incidents_is_refused() -> None:
    world = await diagnosed_world()
    world.threads.ours = False
    with pytest.raises(UnknownHandle):
        await remediation.propose(world.ports, click())


async def test_an_invented_handle_is_refused() -> None:
    world = await diagnosed_world()
    with pytest.raises(UnknownHandle):
        await remediation.propose(world.ports, click("chronyc makestep"))
    with pytest.raises(UnknownHandle):
        await remediation.confirm(world.ports, "start_nodes", ALICE)


async def test_a_plan_can_be_confirmed_for_ten_minutes() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.time.pass_s(601)
    with pytest.raises(StaleOffer, match="ten minutes"):
        await remediation.confirm(world.ports, plan.handle, ALICE)


async def test_a_plan_whose_remedy_no_longer_stands_is_refused() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.timelines.events["inc-1"] += diagnosed(evidence(*candidates(rtt_ms=400.0)))
    with pytest.raises(StaleOffer):
        await remediation.confirm(world.ports, plan.handle, ALICE)


async def test_the_run_stops_at_the_first_node_that_refuses_and_says_what_was_not_begun() -> None:
    world = await diagnosed_world()
    world.agents.refuses["node2"] = "The service is already running."
    await confirmed(world)
    await work.advance(world.ports, "inc-1")
    run = (await world.timelines.load("inc-1")).runs[-1]
    assert run.ended
    assert not run.ended.completed
    assert run.ended.detail == (
        "Stopped at node2: The service is already running. 1 further action was not begun."
    )
    assert world.agents.effects == []


async def test_a_lost_answer_is_shown_as_unknown_and_never_sent_again() -> None:
    world = await diagnosed_world()
    world.agents.loses_answer.add("node2")
    await confirmed(world)
    await work.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service")]
    run = (await world.timelines.load("inc-1")).runs[-1]
    assert run.actions[0].finished
    assert run.actions[0].finished.state == "unknown"


async def test_a_bot_that_died_after_the_grant_asks_the_ledger_instead_of_granting_again() -> None:
    world = await diagnosed_world()
    incident = await confirmed(world)
    order = remediation.order_of(incident, incident.runs[-1].plan.steps[0].action)
    readiness = await world.agents.prepare(order)
    started = remediation.ActionStarted(at=NOON, index=0, action_id=world.agents.action_id(order))
    await world.timelines.append(incident, started)
    await world.agents.commit(order, readiness)  # type: ignore[arg-type]
    await work.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]


async def test_a_restart_waits_for_the_node_before_it_and_stops_if_it_does_not_come_back() -> None:
    world = await diagnosed_world(evidence(*candidates(rtt_ms=400.0)))
    world.cluster.silent = {"node2"}
    await confirmed(world, "config_bump")
    await work.advance(world.ports, "inc-1")
    run = (await world.timelines.load("inc-1")).runs[-1]
    assert run.ended
    assert "Restarting node1 would leave 1 nodes running, 2 are needed." in run.ended.detail
    assert world.agents.effects == [("node1", "set_election_timeouts")]


async def test_nothing_is_offered_any_more_once_it_is_closed() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.timelines.events["inc-1"].append(Closed(at=NOON, detail="over"))
    with pytest.raises(Refused, match="closed"):
        await remediation.confirm(world.ports, plan.handle, ALICE)


async def test_a_guest_of_the_group_is_still_a_guest() -> None:
    world = await diagnosed_world()
    member = Member(ALICE.id, HOME, HOME, frozenset({ON_CALL}))
    world.directory.members[ALICE.id] = replace(member, is_guest=True)
    with pytest.raises(NotAllowed, match="guest"):
        await remediation.propose(world.ports, click())
