"""The agent shows an edit before anybody confirms it, and writes only what was shown."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace

from agent.protocol import ActionReport, PlannedEdit, PlanRequest, Refusal, SetElectionTimeouts
from tests.agent.bed import CONFIG, Bot, Node

pytestmark = pytest.mark.process

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


async def shown(bot: Bot, request: PlanRequest) -> PlannedEdit | Refusal:
    answer = await bot.http.post("/v1/plan", content=request.to_json())
    kind = PlannedEdit if answer.status_code == 200 else Refusal
    return kind.from_json(answer.content)


async def test_what_is_shown_is_what_is_written(bot: Bot, node: Node) -> None:
    plan = await shown(bot, PlanRequest(action=WIDER))
    assert isinstance(plan, PlannedEdit)
    assert plan.lines == (
        "-election_timeout_min_ms = 150   # documented default",
        "-election_timeout_max_ms = 300",
        "+election_timeout_min_ms = 1000   # documented default",
        "+election_timeout_max_ms = 2000",
    )
    assert node.config.read_text() == CONFIG, "nothing is written by showing it"
    grant = replace(await bot.grant(WIDER), after_sha256=plan.after_sha256)
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport) and report.state == "DONE"
    assert hashlib.sha256(node.config.read_bytes()).hexdigest() == plan.after_sha256


async def test_nothing_else_than_what_was_shown_is_written(bot: Bot, node: Node) -> None:
    grant = replace(await bot.grant(WIDER), after_sha256="0" * 64)
    assert await bot.commit(grant) == (409, "precondition")
    assert node.config.read_text() == CONFIG


async def test_an_undo_is_shown_as_well(bot: Bot, node: Node) -> None:
    done = await bot.grant(WIDER)
    assert isinstance(await bot.commit(done), ActionReport)
    plan = await shown(bot, PlanRequest(action=WIDER, undoes=done.action_id))
    assert isinstance(plan, PlannedEdit)
    assert plan.after_sha256 == hashlib.sha256(CONFIG.encode()).hexdigest()
    assert "+election_timeout_max_ms = 300" in plan.lines


async def test_an_edit_that_cannot_be_made_is_refused_where_it_is_shown(bot: Bot, node: Node) -> None:
    node.config.write_text("[raft]\nelection_timeout_ms = 150\nelection_timeout_min_ms = 150\n")
    refused = await shown(bot, PlanRequest(action=WIDER))
    assert isinstance(refused, Refusal)
    assert (refused.reason, "both" in refused.detail) == ("precondition", True)
    target = node.config.rename(node.config.with_name("elsewhere.toml"))
    node.config.symlink_to(target)
    refused = await shown(bot, PlanRequest(action=WIDER))
    assert isinstance(refused, Refusal) and "symbolic links" in refused.detail
