"""An action that the bot gave up is closed where Redis cannot open it again, by the bot's word alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

from agent.actions import ledger as ledger_module
from agent.actions.ledger import Ledger
from agent.protocol import (
    ActionReport,
    NodeState,
    PrepareRequest,
    Refusal,
    RestartService,
    SignedGrant,
    SignedWithdrawal,
    TimelineMark,
    Withdrawal,
    action_id,
    sign,
    sign_withdrawal,
)
from agent.settings import Settings
from tests.agent.bed import Bot, Node

pytestmark = pytest.mark.process

NAME = action_id(cluster="demo", incident="i1", generation=1, node="node1", action=RestartService())
GIVEN_UP = Withdrawal(action_id=NAME, cluster="demo", node="node1", incident="i1", action=RestartService())


async def test_row_08_an_action_that_was_never_asked_for_is_closed_for_good(bot: Bot, node: Node) -> None:
    closed = await bot.void(sign_withdrawal(GIVEN_UP, bot.key))
    assert isinstance(closed, ActionReport) and closed.state == "REJECTED"
    refusal = await bot.prepare(RestartService())
    assert isinstance(refusal, Refusal) and refusal.reason == "already_recorded"
    again = await bot.void(sign_withdrawal(GIVEN_UP, bot.key))
    assert isinstance(again, ActionReport) and again.state == "REJECTED", "it may be said twice"


async def test_a_grant_that_is_under_way_comes_to_nothing(bot: Bot, node: Node) -> None:
    late = await bot.grant(RestartService())
    assert isinstance(await bot.void(sign_withdrawal(GIVEN_UP, bot.key)), ActionReport)
    answer = await bot.commit(late)
    assert isinstance(answer, ActionReport) and answer.state == "REJECTED"
    assert node.calls("systemctl restart") == 0


async def test_what_was_done_stays_done(bot: Bot, node: Node) -> None:
    assert isinstance(await bot.commit(await bot.grant(RestartService())), ActionReport)
    report = await bot.void(sign_withdrawal(GIVEN_UP, bot.key))
    assert isinstance(report, ActionReport) and report.state == "DONE"


@pytest.mark.parametrize(
    ("changes", "reason"), [({"node": "node2"}, "node"), ({"cluster": "prod"}, "cluster")]
)
async def test_row_15_a_withdrawal_for_another_node_closes_nothing(
    bot: Bot, changes: dict[str, str], reason: str
) -> None:
    assert await bot.void(sign_withdrawal(replace(GIVEN_UP, **changes), bot.key)) == (403, reason)
    assert not isinstance(await bot.prepare(RestartService()), Refusal)


async def test_row_09_whoever_only_talks_to_the_agent_closes_nothing_that_was_not_asked_for(
    bot: Bot, settings: Settings
) -> None:
    assert await bot.void(sign_withdrawal(GIVEN_UP, SigningKey.generate())) == (403, "signature")
    for number in range(50):
        report = await bot.withdraw(RestartService(), f"{number:064x}")
        assert report.state == "REJECTED"
    with closing(sqlite3.connect(settings.state_dir / "ledger.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM actions").fetchone() == (0,), "and fills no disk"
    assert not isinstance(await bot.prepare(RestartService()), Refusal)


async def test_row_15_a_grant_is_no_withdrawal_and_a_withdrawal_no_grant(bot: Bot, node: Node) -> None:
    grant = sign(await bot.grant(RestartService()), bot.key)
    taken_for_it = SignedWithdrawal(payload=grant.payload, signature=grant.signature)
    assert await bot.void(taken_for_it) == (403, "signature")
    withdrawal = sign_withdrawal(GIVEN_UP, bot.key)
    assert await bot.commit(SignedGrant(payload=withdrawal.payload, signature=withdrawal.signature)) == (
        403,
        "signature",
    )
    assert node.calls("systemctl restart") == 0


async def test_row_08_a_timeline_that_was_cut_gets_nothing_done_any_more(bot: Bot, node: Node) -> None:
    grown = TimelineMark(position=12, mac="aa")
    assert isinstance(
        await bot.commit(replace(await bot.grant(RestartService()), timeline=grown)), ActionReport
    )
    answer = await bot.http.get("/v1/timelines/i1")
    assert TimelineMark.from_json(answer.content) == grown
    for cut in (TimelineMark(position=8, mac="bb"), TimelineMark(position=12, mac="bb")):
        late = replace(await bot.grant(RestartService(), generation=cut.position), timeline=cut)
        assert await bot.commit(late) == (409, "timeline_went_back")
    assert node.calls("systemctl restart") == 1
    goes_on = replace(
        await bot.grant(RestartService(), generation=20), timeline=TimelineMark(position=13, mac="cc")
    )
    assert isinstance(await bot.commit(goes_on), ActionReport)


async def test_of_an_incident_that_had_nothing_done_here_no_timeline_is_known(bot: Bot) -> None:
    answer = await bot.http.get("/v1/timelines/inc-7")
    assert (answer.status_code, Refusal.from_json(answer.content).reason) == (404, "never_seen")


def test_row_09_what_was_asked_for_long_ago_and_never_granted_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    state = NodeState(boot_id="b")
    monkeypatch.setattr(ledger_module, "boot_id", lambda: "an earlier boot")
    ledger.withdraw_for_good(GIVEN_UP)
    for number in range(1_200):
        ledger.prepare(PrepareRequest(action_id=f"{number:064x}", action=RestartService()), state)
    monkeypatch.undo()
    ledger.prepare(PrepareRequest(action_id="f" * 64, action=RestartService()), state)
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as database:
        rows = database.execute("SELECT count(*) FROM actions WHERE state = 'PREPARED'").fetchone()
        kept = database.execute("SELECT state FROM actions WHERE action_id = ?", (NAME,)).fetchone()
    assert rows[0] <= 1_001
    assert kept == ("REJECTED",), "what the bot withdrew stays withdrawn"
