"""A button becomes a plan, the plan is confirmed once by the right person, and runs once, node by node."""

from dataclasses import replace

import pytest

from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.remediation import PlanConfirmed
from handlers.domain.policy import Member
from handlers.errors import AlreadyConfirmed, NotAllowed, Refused, StaleOffer, UnknownHandle
from handlers.remediation import propose
from tests.builders import ALICE, BOB, NOON, candidates, diagnosed, evidence
from tests.handlers.story import click, diagnosed_world, proposed, submitted
from tests.handlers.world import HOME, ON_CALL


async def test_a_click_shows_the_exact_plan_and_changes_nothing_on_any_node() -> None:
    world = await diagnosed_world()
    plan = (await proposed(world)).plan
    assert [step.shown for step in plan.steps] == ["systemctl start neumann"] * 2
    assert world.agents.effects == []


async def test_the_second_of_two_confirmations_is_told_who_was_first() -> None:
    world = await diagnosed_world()
    first, second = await proposed(world), await proposed(world)
    await propose.confirm(world.ports, submitted(first.handle, ALICE))
    with pytest.raises(AlreadyConfirmed, match="alice has confirmed"):
        await propose.confirm(world.ports, submitted(second.handle, ALICE))
    with pytest.raises(AlreadyConfirmed):
        await propose.confirm(world.ports, submitted(first.handle, ALICE))


async def test_of_two_confirmations_in_the_same_moment_on_two_replicas_one_wins() -> None:
    world = await diagnosed_world()
    mine, theirs = await proposed(world), await proposed(world)
    other = PlanConfirmed(at=NOON, handle=theirs.handle, plan_sha256=theirs.plan.sha256, by=ALICE)
    world.timelines.before_append.append(("inc-1", other))
    with pytest.raises(AlreadyConfirmed):
        await propose.confirm(world.ports, submitted(mine.handle, ALICE))
    assert world.kinds().count("plan_confirmed") == 1


async def test_someone_outside_the_on_call_group_neither_sees_the_plan_nor_confirms_it() -> None:
    world = await diagnosed_world()
    with pytest.raises(NotAllowed, match="on-call group"):
        await propose.propose(world.ports, click(by=BOB))
    plan = await proposed(world)
    with pytest.raises(NotAllowed):
        await propose.confirm(world.ports, submitted(plan.handle, BOB))
    assert "plan_confirmed" not in world.kinds()


async def test_row_05_someone_who_left_the_group_between_click_and_confirmation_is_refused() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.directory.members[ALICE.id] = Member(ALICE.id, HOME, HOME, frozenset())
    with pytest.raises(NotAllowed):
        await propose.confirm(world.ports, submitted(plan.handle, ALICE))


async def test_slack_not_answering_is_a_no() -> None:
    world = await diagnosed_world()
    world.directory.answers = False
    with pytest.raises(NotAllowed, match="Slack does not say"):
        await propose.propose(world.ports, click())


async def test_a_button_on_a_message_that_is_not_the_incidents_is_refused() -> None:
    world = await diagnosed_world()
    world.threads.ours = False
    with pytest.raises(UnknownHandle):
        await propose.propose(world.ports, click())


async def test_an_invented_handle_is_refused() -> None:
    world = await diagnosed_world()
    with pytest.raises(UnknownHandle):
        await propose.propose(world.ports, click("chronyc makestep"))
    with pytest.raises(UnknownHandle):
        await propose.confirm(world.ports, submitted("start_nodes", ALICE))


async def test_a_plan_can_be_confirmed_for_ten_minutes() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.time.pass_s(601)
    with pytest.raises(StaleOffer, match="ten minutes"):
        await propose.confirm(world.ports, submitted(plan.handle, ALICE))


async def test_a_plan_whose_remedy_no_longer_stands_is_refused() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.timelines.events["inc-1"] += diagnosed(evidence(*candidates(rtt_ms=400.0)))
    with pytest.raises(StaleOffer):
        await propose.confirm(world.ports, submitted(plan.handle, ALICE))


async def test_nothing_is_offered_any_more_once_it_is_closed() -> None:
    world = await diagnosed_world()
    plan = await proposed(world)
    world.timelines.events["inc-1"].append(Closed(at=NOON, detail="over"))
    with pytest.raises(Refused, match="closed"):
        await propose.confirm(world.ports, submitted(plan.handle, ALICE))


async def test_a_guest_of_the_group_is_still_a_guest() -> None:
    world = await diagnosed_world()
    member = Member(ALICE.id, HOME, HOME, frozenset({ON_CALL}))
    world.directory.members[ALICE.id] = replace(member, is_guest=True)
    with pytest.raises(NotAllowed, match="guest"):
        await propose.propose(world.ports, click())
