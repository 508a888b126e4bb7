"""A plan holds only as long as the cluster is what it was drawn up on."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.events.diagnosis import EvidenceRead
from handlers.domain.events.recovery import LeaderSeen
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, StalePlan
from handlers.remediation import propose
from runbooks.evidence import Evidence
from runbooks.model import Leadership
from tests.builders import ALICE, BOB, NOON, candidates, evidence, known
from tests.handlers.story import diagnosed_world, proposed, submitted, too_slow
from tests.handlers.world import HOME, ON_CALL, World

LATER = NOON + timedelta(seconds=30)


async def shown() -> tuple[World, str]:
    world = await diagnosed_world(too_slow())
    return world, (await proposed(world, "config_bump")).handle


def changed(**service_or_config: Any) -> Evidence:
    nodes = []
    for node in candidates(rtt_ms=400.0):
        readings = {}
        for name, changes in service_or_config.items():
            reading = getattr(node, name)
            readings[name] = known(reading.value.model_copy(update=changes), by=reading.by)
        nodes.append(node.model_copy(update=readings))
    return evidence(*nodes).model_copy(update={"started_at": LATER})


async def test_a_leader_that_came_meanwhile_voids_the_plan() -> None:
    world, handle = await shown()
    lead = Leadership(leader="node2", term=9, highest_term=9, majority=True)
    world.timelines.events["inc-1"].append(LeaderSeen(at=LATER, leadership=lead))
    with pytest.raises(StalePlan, match="node2 leads term 9"):
        await propose.confirm(world.ports, submitted(handle, ALICE))


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (changed(config={"sha256": "ef" * 32}), "configuration of node1 has changed"),
        (changed(service={"boot_id": "boot-2"}), "node1 was rebooted"),
    ],
)
async def test_a_changed_file_or_a_reboot_voids_the_plan(read: Evidence, words: str) -> None:
    world, handle = await shown()
    world.timelines.events["inc-1"].append(EvidenceRead(at=LATER, evidence=read))
    with pytest.raises(StalePlan, match=words):
        await propose.confirm(world.ports, submitted(handle, ALICE))
    assert "plan_confirmed" not in world.kinds()


async def test_a_fresh_plan_can_be_drawn_up_from_a_void_one_and_then_confirmed() -> None:
    world, handle = await shown()
    world.time.pass_s(601)
    with pytest.raises(StalePlan, match="ten minutes"):
        await propose.confirm(world.ports, submitted(handle, ALICE))
    _, again = await propose.propose_again(world.ports, submitted(handle, ALICE))
    assert again.handle != handle
    assert (await propose.confirm(world.ports, submitted(again.handle, ALICE))).running


async def test_a_fresh_reading_that_changed_nothing_leaves_the_plan_standing() -> None:
    world, handle = await shown()
    world.timelines.events["inc-1"].append(EvidenceRead(at=LATER, evidence=too_slow()))
    assert (await propose.confirm(world.ports, submitted(handle, ALICE))).running


async def test_a_plan_is_confirmed_by_whom_it_was_shown_to() -> None:
    world, handle = await shown()
    world.directory.members[BOB.id] = Member(BOB.id, HOME, HOME, frozenset({ON_CALL}))
    with pytest.raises(NotAllowed, match="shown to alice"):
        await propose.confirm(world.ports, submitted(handle, BOB))


async def test_a_redis_that_restarted_or_was_put_back_voids_what_was_shown_before() -> None:
    world, handle = await shown()
    world.timelines.lives = "second"
    with pytest.raises(StalePlan, match="restarted, moved or put back since this plan was shown"):
        await propose.confirm(world.ports, submitted(handle, ALICE))
    assert "plan_confirmed" not in world.kinds()
    _, again = await propose.propose_again(world.ports, submitted(handle, ALICE))
    assert (await propose.confirm(world.ports, submitted(again.handle, ALICE))).running
