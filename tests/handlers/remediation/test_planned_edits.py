"""What a person confirms is the edit that the agent showed, or it is refused with the reason."""

from __future__ import annotations

import pytest

from handlers import advance
from handlers.errors import Refused, StaleOffer
from handlers.ports import CannotEdit
from handlers.remediation import propose
from handlers.remediation.run import order_of
from runbooks.plans import PlannedEdit
from tests.handlers.story import click, confirmed, diagnosed_world, newest_run, proposed, too_slow

EDIT = PlannedEdit(
    path="/srv/neumann.toml",
    before_sha256="ab" * 32,
    after_sha256="12" * 32,
    lines=("-raft = { election_timeout_ms = 1_50 }", "+raft = { election_timeout_ms = 2000 }"),
)


async def test_the_plan_shows_the_lines_that_the_agent_would_write() -> None:
    world = await diagnosed_world(too_slow())
    world.agents.edits["node2"] = EDIT
    plan = (await proposed(world, "config_bump")).plan
    (shown,) = [
        step.shown
        for step in plan.steps
        if (step.action.node, step.action.type) == ("node2", "set_election_timeouts")
    ]
    assert shown.splitlines() == ["/srv/neumann.toml", *EDIT.lines]
    assert plan.bound.after_sha256["node2"] == EDIT.after_sha256
    assert plan.bound.after_sha256.keys() == set(plan.nodes)


async def test_the_grant_names_the_file_that_was_shown_and_a_restart_names_none() -> None:
    world = await diagnosed_world(too_slow())
    world.agents.edits["node2"] = EDIT
    incident = await confirmed(world, "config_bump")
    named = {
        (step.action.node, step.action.type): order_of(incident, step.action).after_sha256
        for step in incident.runs[-1].plan.steps
    }
    assert named["node2", "set_election_timeouts"] == EDIT.after_sha256
    assert named["node2", "restart_service"] is None


@pytest.mark.parametrize(
    "reason",
    [
        "both forms stand in the file.",
        "the agent gave no answer in time, so nobody can say what would be written.",
    ],
)
async def test_an_edit_that_cannot_be_made_or_shown_is_refused_before_anybody_confirms(reason: str) -> None:
    world = await diagnosed_world(too_slow())
    world.agents.edits["node3"] = CannotEdit(reason)
    with pytest.raises(Refused, match=f"node3's configuration cannot be changed so: {reason}"):
        await propose.propose(world.ports, click("config_bump"))
    assert "plan_proposed" not in world.kinds()


async def test_a_file_that_was_edited_since_it_was_read_makes_the_offer_stale() -> None:
    world = await diagnosed_world(too_slow())
    world.agents.edits["node1"] = EDIT.model_copy(update={"before_sha256": "ef" * 32})
    with pytest.raises(StaleOffer, match="configuration of node1 has changed"):
        await propose.propose(world.ports, click("config_bump"))


async def test_a_plan_that_edits_nothing_asks_no_agent_and_keeps_the_hash_it_always_had() -> None:
    world = await diagnosed_world()
    world.agents.edits = dict.fromkeys(("node1", "node2", "node3"), CannotEdit("not asked"))
    plan = (await proposed(world)).plan
    assert "after_sha256" not in plan.model_dump_json(), "as in the timelines of before"


async def test_an_undo_is_shown_and_bound_as_well() -> None:
    world = await diagnosed_world(too_slow())
    world.cluster.leads_after = None
    world.agents.refuses["node2"] = "The agent refuses: busy."
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended and ended.undo, "one node was changed before node2 refused"
    (undone, _restart) = ended.undo.remedy.actions
    world.agents.edits = {
        undone.node: EDIT.model_copy(update={"before_sha256": "cd" * 32, "after_sha256": "ab" * 32})
    }
    run = (await confirmed(world, ended.undo.handle)).runs[-1]
    assert run.plan.steps[0].shown.splitlines()[1:] == list(EDIT.lines)
    assert run.plan.bound.after_sha256 == {undone.node: "ab" * 32}
