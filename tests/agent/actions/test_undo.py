"""A change of the configuration file is taken back byte for byte, or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from agent.actions.ledger import Ledger
from agent.protocol import (
    ActionReport,
    Grant,
    Refusal,
    RestartService,
    SetElectionTimeouts,
    Withdrawal,
    sign_withdrawal,
    undo_action_id,
)
from agent.settings import Limits, Settings
from tests.agent.bed import CONFIG, Bot, Connected, Node

pytestmark = pytest.mark.process

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)
NARROWER = SetElectionTimeouts(election_timeout_min_ms=200, election_timeout_max_ms=400)


async def widened(bot: Bot) -> Grant:
    grant = await bot.grant(WIDER)
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport) and report.state == "DONE"
    return grant


async def leave_to_undo(bot: Bot, done: Grant) -> Grant:
    grant = await bot.grant_undo(done)
    assert isinstance(grant, Grant), grant
    return grant


async def test_the_file_is_as_it_was_at_once_and_once(connected: Connected, settings: Settings, node: Node):
    """The limit of one change in ten minutes holds up no undoing."""
    async with connected(replace(settings, limits=Limits())) as bot:
        done = await widened(bot)
        assert node.config.read_text() != CONFIG
        report = await bot.commit(await leave_to_undo(bot, done))
        assert isinstance(report, ActionReport)
        assert (report.state, report.action_id) == ("DONE", undo_action_id(done.action_id))
        assert "as it was before that change" in report.detail
        assert node.config.read_text() == CONFIG
        refusal = await bot.grant_undo(done)
        assert isinstance(refusal, Refusal) and refusal.reason == "already_recorded"


async def test_what_was_edited_since_is_not_overwritten(bot: Bot, node: Node):
    done = await widened(bot)
    grant = await leave_to_undo(bot, done)
    node.config.write_text(node.config.read_text() + "# by hand\n")
    edited = node.config.read_bytes()
    assert await bot.commit(grant) == (409, "precondition")
    refusal = await bot.grant_undo(done)
    assert isinstance(refusal, Refusal) and refusal.reason == "already_recorded"
    assert node.config.read_bytes() == edited


async def test_an_edit_before_asking_is_seen_too(bot: Bot, node: Node):
    done = await widened(bot)
    node.config.write_text(node.config.read_text() + "# by hand\n")
    refusal = await bot.grant_undo(done)
    assert isinstance(refusal, Refusal) and refusal.reason == "precondition"
    assert "has changed since that action" in refusal.detail


async def test_only_a_change_that_was_done_is_undone(bot: Bot, node: Node):
    never, restart = await bot.grant(WIDER), await bot.grant(RestartService())
    assert isinstance(await bot.commit(restart), ActionReport)
    for grant in (never, restart, replace(never, action_id="f" * 64)):
        refusal = await bot.grant_undo(grant)
        assert isinstance(refusal, Refusal) and refusal.reason == "precondition"
    assert node.config.read_text() == CONFIG


async def test_an_undoing_is_not_undone(bot: Bot, node: Node):
    undoing = await leave_to_undo(bot, await widened(bot))
    assert isinstance(await bot.commit(undoing), ActionReport)
    refusal = await bot.grant_undo(undoing)
    assert isinstance(refusal, Refusal) and refusal.reason == "precondition"
    assert node.config.read_text() == CONFIG


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"undoes": "f" * 64}, (403, "signature")),
        ({"action": NARROWER}, (409, "precondition")),
        ({"action": RestartService()}, (409, "precondition")),
        ({"undoes": None}, (409, "precondition")),
    ],
)  # fmt: skip
async def test_leave_to_undo_is_leave_for_nothing_else(
    bot: Bot, node: Node, changes: dict[str, object], refused: tuple[int, str]
):
    grant = await leave_to_undo(bot, await widened(bot))
    after = node.config.read_bytes()
    assert await bot.commit(replace(grant, **changes)) == refused
    assert node.config.read_bytes() == after
    assert node.calls("systemctl restart") == 0


def given_up(done: Grant, attempt: int | UnsetType = UNSET) -> Withdrawal:
    """The bot's word that it will not grant an attempt to undo this, by default the first."""
    return Withdrawal(
        action_id=undo_action_id(done.action_id, attempt),
        cluster=done.cluster,
        node=done.node,
        incident=done.incident,
        action=done.action,
    )


async def test_an_attempt_that_was_given_up_is_followed_by_another_and_that_is_the_last(bot: Bot, node: Node):
    done = await widened(bot)
    early = await bot.grant_undo(done, attempt=2)
    assert isinstance(early, Refusal) and "Attempt 1 to undo this is not closed" in early.detail
    assert isinstance(await bot.void(sign_withdrawal(given_up(done), bot.key)), ActionReport)
    closed = await bot.grant_undo(done)
    assert isinstance(closed, Refusal) and closed.reason == "already_recorded"
    second = await bot.grant_undo(done, attempt=2)
    assert isinstance(second, Grant), second
    report = await bot.commit(second)
    assert isinstance(report, ActionReport) and report.state == "DONE"
    assert node.config.read_text() == CONFIG
    third = await bot.grant_undo(done, attempt=3)
    assert isinstance(third, Refusal) and "Attempt 2 to undo this is DONE" in third.detail


async def test_what_was_undone_is_not_undone_again_though_the_file_was_changed_to_the_same_since(
    bot: Bot, node: Node
):
    done = await widened(bot)
    changed = node.config.read_bytes()
    assert isinstance(await bot.commit(await leave_to_undo(bot, done)), ActionReport)
    node.config.write_bytes(changed)
    refusal = await bot.grant_undo(done, attempt=2)
    assert isinstance(refusal, Refusal) and "Attempt 1 to undo this is DONE" in refusal.detail
    assert node.config.read_bytes() == changed


async def test_an_attempt_that_was_given_up_hides_none_before_it_that_was_done(bot: Bot, node: Node):
    done = await widened(bot)
    changed = node.config.read_bytes()
    assert isinstance(await bot.commit(await leave_to_undo(bot, done)), ActionReport)
    node.config.write_bytes(changed)
    assert isinstance(await bot.void(sign_withdrawal(given_up(done, 2), bot.key)), ActionReport)
    refusal = await bot.grant_undo(done, attempt=3)
    assert isinstance(refusal, Refusal) and "was undone before" in refusal.detail
    assert node.config.read_bytes() == changed


async def test_leave_for_an_earlier_attempt_is_void_once_a_later_one_was_done(bot: Bot, node: Node):
    done = await widened(bot)
    changed = node.config.read_bytes()
    first = await leave_to_undo(bot, done)
    assert isinstance(await bot.void(sign_withdrawal(given_up(done, 2), bot.key)), ActionReport)
    third = await bot.grant_undo(done, attempt=3)
    assert isinstance(third, Grant) and isinstance(await bot.commit(third), ActionReport)
    node.config.write_bytes(changed)
    assert await bot.commit(first) == (409, "precondition")
    assert node.config.read_bytes() == changed


async def test_leave_for_one_attempt_is_leave_for_no_other(bot: Bot, node: Node):
    first = await leave_to_undo(bot, await widened(bot))
    after = node.config.read_bytes()
    assert await bot.commit(replace(first, attempt=2)) == (403, "signature")
    assert node.config.read_bytes() == after


@pytest.mark.parametrize(("restored", "state"), [(False, "NOT_DONE"), (True, "DONE")])
async def test_a_crash_while_undoing_is_judged_by_the_file(
    connected: Connected, settings: Settings, node: Node, restored: bool, state: str
):
    async with connected(settings) as bot:
        grant = await leave_to_undo(bot, await widened(bot))
    with closing(Ledger(settings.state_dir / "ledger.sqlite3")) as ledger:
        ledger.intend(grant, node.config.read_bytes())
    if restored:
        node.config.write_text(CONFIG)
    async with connected(settings) as bot:
        assert (await bot.report(grant.action_id)).state == state


async def test_a_ledger_from_before_there_was_undoing_goes_on(connected: Connected, settings: Settings):
    async with connected(settings) as bot:
        done = await widened(bot)
    with closing(sqlite3.connect(settings.state_dir / "ledger.sqlite3")) as database:
        database.execute("ALTER TABLE actions DROP COLUMN undoes")
    async with connected(settings) as bot:
        assert (await bot.report(done.action_id)).state == "DONE"
        assert isinstance(await bot.grant_undo(done), Grant)
