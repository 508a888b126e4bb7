"""An undo that stops midway is offered again for what still stands changed, and for nothing else."""

from __future__ import annotations

import pytest

from handlers import advance
from handlers.domain.events.diagnosis import Offer
from handlers.domain.events.remediation import RunEnded
from handlers.errors import Refused
from handlers.ports import CannotEdit, NotBegun, Obstacle, Order, Readiness
from tests.handlers.story import confirmed, diagnosed_world, newest_run, proposed, too_slow
from tests.handlers.world import World

CHANGED_SINCE = CannotEdit("The configuration file has changed since that action.")
SILENT = CannotEdit("the agent cannot be reached, so nobody can say.", Obstacle.NO_ANSWER)


async def half_changed() -> tuple[World, Offer]:
    """New timeouts are on node1 and node2, the run stopped there; both can be put back, node2 first."""
    world = await diagnosed_world(too_slow())
    world.cluster.deaf = {"node2"}
    await confirmed(world, "config_bump")
    ended = await goes_on(world)
    world.cluster.deaf = set()
    world.agents.effects.clear()
    assert ended.undo
    return world, ended.undo


async def goes_on(world: World) -> RunEnded:
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    return ended


def steps(offer: Offer | None) -> list[tuple[str, str, int]]:
    return [(each.node, each.type, each.attempt) for each in offer.remedy.actions] if offer else []


async def half_undone() -> tuple[World, Offer, RunEnded]:
    """The undo put node2's file back, and stopped at node1, which refused."""
    world, undo = await half_changed()
    world.agents.refuses["node1"] = "The agent refuses: Another action is being carried out on this node."
    await confirmed(world, undo.handle)
    ended = await goes_on(world)
    world.agents.refuses.clear()
    return world, undo, ended


async def test_what_an_undo_left_changed_can_be_put_back_by_a_second_one() -> None:
    world, first, ended = await half_undone()
    assert not ended.completed
    assert steps(ended.undo) == [("node1", "undo_election_timeouts", 2), ("node1", "restart_service", 1)]
    assert ended.undo
    world.agents.effects.clear()
    await confirmed(world, ended.undo.handle)
    again = await goes_on(world)
    assert again.completed, again.detail
    assert again.undo is None
    assert world.agents.effects == [("node1", "undo_election_timeouts"), ("node1", "restart_service")]
    assert ended.undo.handle != first.handle


async def test_it_is_bound_to_the_same_originals() -> None:
    _, first, ended = await half_undone()
    assert ended.undo
    originals = {each.node: each.undoes for each in first.remedy.actions if each.undoes}
    assert [each.undoes for each in ended.undo.remedy.actions if each.undoes] == [originals["node1"]]


async def test_an_undo_that_stops_again_and_again_stays_on_offer() -> None:
    world, _, ended = await half_undone()
    for attempt in (3, 4):
        assert ended.undo
        world.agents.refuses["node1"] = "The agent refuses: One undo in 60 s is the limit."
        await confirmed(world, ended.undo.handle)
        ended = await goes_on(world)
        assert steps(ended.undo)[0] == ("node1", "undo_election_timeouts", attempt)
    world.agents.refuses.clear()
    assert ended.undo
    await confirmed(world, ended.undo.handle)
    assert (await goes_on(world)).completed


async def test_once_every_file_is_back_nothing_is_offered_though_a_restart_was_refused() -> None:
    world, undo = await half_changed()
    prepare = world.agents.prepare

    async def refusing_the_last_restart(order: Order) -> Readiness | NotBegun:
        if (order.action.node, order.action.type) == ("node1", "restart_service"):
            return NotBegun(Obstacle.NODE, "The agent refuses: The service does not run.")
        return await prepare(order)

    world.agents.prepare = refusing_the_last_restart  # type: ignore[method-assign]
    await confirmed(world, undo.handle)
    ended = await goes_on(world)
    assert not ended.completed
    assert ended.undo is None


async def test_a_file_that_its_agent_cannot_put_back_is_left_to_people_and_named() -> None:
    world, undo = await half_changed()
    world.agents.refuses["node2"] = "The agent refuses: busy."
    await confirmed(world, undo.handle)
    world.agents.edits["node2"] = CHANGED_SINCE
    ended = await goes_on(world)
    assert [node for node, *_ in steps(ended.undo)] == ["node1", "node1"]
    assert "node2's file is left to people: The configuration file has changed since that action." in (
        ended.detail
    )


@pytest.mark.parametrize(("answer_is_lost", "offered"), [(True, ["node1"]), (False, ["node1", "node2"])])
async def test_while_an_agent_is_silent_only_what_is_known_to_stand_changed_is_offered(
    answer_is_lost: bool, offered: list[str]
) -> None:
    world, undo = await half_changed()
    if answer_is_lost:
        world.agents.loses_answer = {"node2"}
    else:
        world.agents.refuses["node2"] = "Nothing was begun: the agent cannot be reached."
    await confirmed(world, undo.handle)
    world.agents.edits["node2"] = SILENT
    ended = await goes_on(world)
    assert sorted({node for node, *_ in steps(ended.undo)}) == offered


async def test_a_file_that_was_put_back_by_hand_meanwhile_gets_no_plan() -> None:
    world, _, ended = await half_undone()
    world.agents.edits["node1"] = CHANGED_SINCE
    assert ended.undo
    with pytest.raises(Refused, match="node1's configuration cannot be changed so"):
        await proposed(world, ended.undo.handle)


async def test_an_attempt_that_was_done_after_all_is_not_made_again() -> None:
    """The answer was lost, and the ledger says so only now: the run stops, and nothing is written."""
    world, _, ended = await half_undone()
    assert ended.undo
    for name, known in world.agents.ledger.items():
        if name.startswith("undo/") and known.state == "rejected":
            world.agents.ledger[name] = next(k for k in world.agents.ledger.values() if k.state == "done")
    world.agents.effects.clear()
    await confirmed(world, ended.undo.handle)
    again = await goes_on(world)
    assert "The file was put back already" in again.detail
    assert world.agents.effects == []
