"""What no single grant can lift: two people for a large step, none back while transactions run."""

from __future__ import annotations

import base64

import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

from agent.actions.ledger import Ledger
from agent.addresses import PublicKey
from agent.errors import LedgerError
from agent.protocol import ActionReport, ClockSync, Grant, Prepared, Refusal, RestartService, sign
from agent.settings import Grants, Settings
from tests.agent.bed import Bot, Connected, Node

pytestmark = pytest.mark.process

SECOND = SigningKey(b"2" * 32)


def public(key: SigningKey) -> str:
    return base64.b64encode(bytes(key.verify_key)).decode()


@pytest.fixture
def settings_of_two(settings: Settings) -> Settings:
    grants = replace(settings.grants, second_verify_keys=(public(SECOND),))
    return replace(settings, grants=grants)


def approved(grant: Grant, by: str | None = "U2") -> Grant:
    return replace(grant, second_confirmed_by=by)


async def test_a_large_step_needs_two_people(connected: Connected, settings_of_two: Settings, node: Node):
    node.set_clock(ahead_s=-10.1, after_step_s=0)
    async with connected(settings_of_two) as bot:
        prepared = await bot.prepare(ClockSync())
        assert isinstance(prepared, Prepared) and prepared.needs_second_approver
        assert await bot.commit(await bot.grant(ClockSync())) == (403, "second_approver")
        assert node.calls("chronyc makestep") == 0
        # The refusal did not use the action up.
        report = await bot.commit(sign(approved(await bot.grant(ClockSync())), bot.key, second_key=SECOND))
    assert isinstance(report, ActionReport) and report.state == "DONE"
    assert node.calls("chronyc makestep") == 1


async def test_up_to_ten_seconds_one_person_is_enough(bot: Bot, node: Node):
    node.set_clock(ahead_s=-9.9, after_step_s=0)
    prepared = await bot.prepare(ClockSync())
    assert isinstance(prepared, Prepared) and not prepared.needs_second_approver
    assert isinstance(await bot.commit(await bot.grant(ClockSync())), ActionReport)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("U1", "second_approver"),
        (None, "second_approver"),
        (" U1 ", "signature"),
        ("u1", "signature"),
        ("U1\u200b", "signature"),
        ("", "signature"),
    ],
)
async def test_row_06_one_person_twice_is_one_person(
    connected: Connected, settings_of_two: Settings, node: Node, second: str | None, reason: str
):
    node.set_clock(ahead_s=-60, after_step_s=0)
    async with connected(settings_of_two) as bot:
        grant = approved(await bot.grant(ClockSync()), second)
        assert await bot.commit(sign(grant, bot.key, second_key=SECOND)) == (403, reason)
    assert node.calls("chronyc makestep") == 0


async def test_the_second_signature_must_be_a_second_approvers(
    connected: Connected, settings_of_two: Settings, node: Node
):
    node.set_clock(ahead_s=-60, after_step_s=0)
    async with connected(settings_of_two) as bot:
        for key in (SigningKey.generate(), bot.key, None):
            signed = sign(approved(await bot.grant(ClockSync())), bot.key, second_key=key)
            assert await bot.commit(signed) == (403, "second_approver")
        grant = approved(await bot.grant(ClockSync()))
        good = sign(grant, bot.key, second_key=SECOND)
        for spoilt in ("no base64", f" {good.second_signature}", ""):
            broken = replace(good, second_signature=spoilt)
            assert await bot.commit(broken) == (403, "second_approver")
        # Nor can a second approver act without the first.
        alone = sign(approved(await bot.grant(ClockSync())), SECOND, second_key=SECOND)
        assert await bot.commit(alone) == (403, "signature")
    assert node.calls("chronyc makestep") == 0


async def test_a_step_that_grew_large_since_is_refused_at_the_last_instant(bot: Bot, node: Node):
    node.set_clock(ahead_s=-9.9, after_step_s=0)
    grant = await bot.grant(ClockSync())
    node.set_clock(ahead_s=-10.1, after_step_s=0)
    assert await bot.commit(grant) == (409, "second_approver")
    assert (await bot.report(grant.action_id)).state == "REJECTED"
    assert node.calls("chronyc makestep") == 0


async def test_a_step_that_is_said_to_be_small_is_measured(bot: Bot, node: Node):
    node.set_clock(ahead_s=-60, after_step_s=0)
    grant = await bot.grant(ClockSync())
    small = replace(grant.precondition, offset_ms=-600.0)
    assert await bot.commit(replace(grant, precondition=small)) == (409, "second_approver")
    assert node.calls("chronyc makestep") == 0


async def test_row_09_not_even_two_people_step_beyond_a_thousand_seconds(
    connected: Connected, settings_of_two: Settings, node: Node
):
    node.set_clock(ahead_s=-999, after_step_s=0)
    async with connected(settings_of_two) as bot:
        grant = approved(await bot.grant(ClockSync()))
        node.set_clock(ahead_s=-1000.1, after_step_s=0)
        assert await bot.commit(sign(grant, bot.key, second_key=SECOND)) == (409, "precondition")
    assert node.calls("chronyc makestep") == 0


def test_a_key_cannot_be_two_people(settings: Settings):
    key = settings.grants.verify_keys[0]
    with pytest.raises(ValueError, match="must not be one of"):
        second = PublicKey(public(SECOND))
        Grants(verify_keys=(key, second), second_verify_keys=(second,))


async def test_a_step_back_waits_for_transactions_that_began_since(bot: Bot, node: Node):
    grant = await bot.grant(ClockSync())
    node.set_transactions("2")
    assert await bot.commit(grant) == (409, "precondition")
    report = await bot.report(grant.action_id)
    assert "it has 2." in report.detail
    assert node.calls("chronyc makestep") == 0


async def test_a_step_forward_harms_no_transaction(bot: Bot, node: Node):
    node.set_clock(ahead_s=-2.4, after_step_s=0)
    node.set_transactions("2")
    assert isinstance(await bot.commit(await bot.grant(ClockSync())), ActionReport)
    assert node.calls("chronyc makestep") == 1


async def test_a_node_that_does_not_answer_may_have_transactions(
    connected: Connected, settings: Settings, node: Node
):
    silent = replace(settings, metrics_url="http://127.0.0.1:9")
    async with connected(silent) as bot:
        refusal = await bot.prepare(ClockSync())
        assert isinstance(refusal, Refusal)
        assert "it has unknown." in refusal.detail
        # What depends on no transactions does not ask for them.
        assert isinstance(await bot.prepare(RestartService()), Prepared)


async def test_a_second_agent_has_no_second_ledger(connected: Connected, settings: Settings):
    async with connected(settings) as bot:
        with pytest.raises(LedgerError, match="another agent uses it"):
            Ledger(settings.state_dir / "ledger.sqlite3")
        assert isinstance(await bot.prepare(RestartService()), Prepared)
    Ledger(settings.state_dir / "ledger.sqlite3").close()
