"""Who is on call: by the schedule, by a person's word, and what is told when it changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers import on_call
from handlers.domain.escalation.on_call import Rota, Shift
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, Refused, SlackDown
from tests.builders import ALICE, BOB, NOON, opened
from tests.handlers.world import HOME, OnCallBox, World

ANN, BEN = Shift(user="U0ANN", name="Ann"), Shift(user="U0BEN", name="Ben")
FOUR_HOURS = timedelta(hours=4)


def manned(**changes: object) -> tuple[World, OnCallBox]:
    box = OnCallBox(scheduled=ANN, **changes)  # type: ignore[arg-type]
    world = World(on_call=box)
    world.directory.members[BOB.id] = Member(BOB.id, team=HOME, home_team=HOME, groups=frozenset())
    return world, box


async def test_an_override_goes_before_the_schedule_until_it_ends():
    world, _ = manned()
    taken = await on_call.override(world.ports, ALICE, BOB, FOUR_HOURS)
    assert taken.shift and taken.shift.user == BOB.id
    world.time.pass_s(FOUR_HOURS.total_seconds() - 1)
    assert (await on_call.current(world.ports)).shift == taken.shift
    world.time.pass_s(1)
    assert (await on_call.current(world.ports)).shift == ANN


async def test_who_clears_an_override_lets_the_schedule_hold():
    world, _ = manned()
    await on_call.override(world.ports, ALICE, BOB, FOUR_HOURS)
    assert (await on_call.clear(world.ports, ALICE)).shift == ANN


async def test_a_guest_takes_no_shift_and_gives_none():
    world, _ = manned()
    world.directory.members[BOB.id] = Member(BOB.id, team="T0OTHER", home_team=HOME, groups=frozenset())
    for by, to in ((ALICE, BOB), (BOB, ALICE)):
        with pytest.raises(NotAllowed):
            await on_call.override(world.ports, by, to, FOUR_HOURS)


async def test_no_shift_is_taken_for_longer_than_a_fortnight_nor_without_a_schedule():
    world, _ = manned()
    with pytest.raises(Refused, match="14 days"):
        await on_call.override(world.ports, ALICE, ALICE, timedelta(days=15))
    with pytest.raises(Refused, match="No on-call schedule"):
        await on_call.override(World().ports, ALICE, ALICE, FOUR_HOURS)


async def test_a_change_of_shift_is_told_once_with_what_is_open():
    world, box = manned()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open = {"demo/leader-election": "inc-1"}
    await on_call.watch(world.ports)
    assert box.said == []  # the first look tells nothing
    box.scheduled = BEN
    for _ in range(3):
        await on_call.watch(world.ports)
    assert box.said == [("Ann to Ben", ("inc-1",))]
    box.scheduled = None
    await on_call.watch(world.ports)
    box.scheduled = ANN
    await on_call.watch(world.ports)
    assert [each for each, _ in box.said[1:]] == ["Ben to nobody", "nobody to Ann"]


async def test_a_change_that_slack_did_not_take_is_told_later_and_names_who_was_told_last():
    world, box = manned()
    await on_call.watch(world.ports)
    box.scheduled, box.refuses = BEN, True
    with pytest.raises(SlackDown):
        await on_call.watch(world.ports)
    box.scheduled = Shift(user="U0CY", name="Cy")
    with pytest.raises(SlackDown):
        await on_call.watch(world.ports)
    box.refuses = False
    await on_call.watch(world.ports)
    assert box.said == [("Ann to Cy", ())]


async def test_a_schedule_that_cannot_be_read_hands_nothing_over():
    world, box = manned()
    await on_call.watch(world.ports)
    box.unreadable = "The calendar cannot be read."
    present = await on_call.watch(world.ports)
    assert present and present.shift == ANN and present.trouble
    assert box.said == []


async def overridden_and_then_unreadable() -> tuple[World, OnCallBox]:
    world, box = manned()
    await on_call.watch(world.ports)
    await on_call.override(world.ports, ALICE, BOB, FOUR_HOURS)
    await on_call.watch(world.ports)
    box.unreadable = "The calendar cannot be read."
    await on_call.watch(world.ports)
    return world, box


async def test_who_clears_an_override_while_the_schedule_cannot_be_read_gives_the_shift_back():
    world, box = await overridden_and_then_unreadable()
    assert (await on_call.clear(world.ports, ALICE)).shift == ANN
    for _ in range(2):
        await on_call.watch(world.ports)
        assert (await on_call.current(world.ports)).shift == ANN
    assert [each for each, _ in box.said] == [f"Ann to {BOB.name}", f"{BOB.name} to Ann"]


async def test_an_override_that_ends_while_the_schedule_cannot_be_read_gives_the_shift_back():
    world, box = await overridden_and_then_unreadable()
    world.time.pass_s(FOUR_HOURS.total_seconds())
    assert (await on_call.current(world.ports)).shift == ANN
    for _ in range(2):
        await on_call.watch(world.ports)
        assert (await on_call.current(world.ports)).shift == ANN
    assert [each for each, _ in box.said] == [f"Ann to {BOB.name}", f"{BOB.name} to Ann"]


async def test_one_override_after_another_hides_nobody_of_the_schedule():
    world, box = await overridden_and_then_unreadable()
    await on_call.override(world.ports, BOB, ALICE, FOUR_HOURS)
    assert (await on_call.clear(world.ports, ALICE)).shift == ANN
    box.unreadable, box.scheduled = None, BEN
    await on_call.watch(world.ports)
    assert (await on_call.current(world.ports)).shift == BEN


async def test_who_is_on_call_by_the_schedule_too_stays_when_the_override_ends():
    world, box = manned()
    box.scheduled = Shift(user=BOB.id, name="Bob")
    await on_call.watch(world.ports)
    await on_call.override(world.ports, ALICE, BOB, FOUR_HOURS)
    box.unreadable = "The calendar cannot be read."
    for _ in range(2):
        present = await on_call.clear(world.ports, ALICE)
        assert present.shift and present.shift.user == BOB.id
        await on_call.watch(world.ports)


async def test_where_the_schedule_named_nobody_an_override_that_is_cleared_leaves_nobody():
    world, box = manned()
    box.scheduled = None
    await on_call.watch(world.ports)
    await on_call.override(world.ports, ALICE, BOB, FOUR_HOURS)
    await on_call.watch(world.ports)
    box.unreadable = "The calendar cannot be read."
    assert (await on_call.clear(world.ports, ALICE)).shift is None


def test_what_is_kept_without_an_override_is_as_older_replicas_know_it():
    assert "beneath" not in Rota(has_looked=True, seen=ANN).model_dump(mode="json")
    override = {
        "user": "U0B",
        "name": "B",
        "since": NOON,
        "until": NOON + FOUR_HOURS,
        "by": ALICE.model_dump(),
    }
    older = Rota.model_validate({"override": override, "has_looked": True, "seen": ANN.model_dump()})
    newer = older.model_copy(update={"beneath": ANN})
    assert Rota.model_validate_json(newer.model_dump_json()) == newer
