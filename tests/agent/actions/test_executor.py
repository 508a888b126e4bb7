"""From prepare to a proven effect, and every way in which the agent says no."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

from agent.actions.kind import command
from agent.actions.kinds import ACTIONS
from agent.actions.ledger import Ledger
from agent.boot import boot_id
from agent.protocol import (
    Action,
    ActionReport,
    ClockSync,
    Grant,
    Prepared,
    PrepareRequest,
    Refusal,
    RestartService,
    SetElectionTimeouts,
    StartService,
    sign,
)
from agent.settings import Limits, Settings
from tests.agent.bed import Bot, Connected, Node

pytestmark = pytest.mark.process

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


def limited(settings: Settings, **limits: float) -> Settings:
    return replace(settings, limits=Limits(**({"same_action_interval_s": 0, "stays_up_s": 0} | limits)))


# Once the service was moved it is there after so many looks, each of which is written down.
SETTLE = """
[ -f begun ] || exit 0
date +%s.%N >> looks
[ "$(wc -l < looks)" -le {looks} ] || cp settled service
"""


async def carry_out(bot: Bot, grant: Grant) -> ActionReport:
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport), report
    return report


async def test_a_skewed_clock_is_stepped_and_seen_right(bot: Bot, node: Node):
    report = await carry_out(bot, await bot.grant(ClockSync()))
    assert (report.state, node.calls("chronyc makestep")) == ("DONE", 1)
    assert report.before is not None and report.before.offset_ms == pytest.approx(2400)
    assert report.after is not None and report.after.offset_ms == pytest.approx(0.4)
    assert await bot.report(report.action_id) == report


async def test_a_step_without_effect_is_not_done(bot: Bot, node: Node):
    node.set_clock(ahead_s=2.4, after_step_s=2.4)
    report = await carry_out(bot, await bot.grant(ClockSync()))
    assert report.state == "NOT_DONE"


async def test_timeouts_are_written_and_comments_kept(bot: Bot, node: Node):
    report = await carry_out(bot, await bot.grant(WIDER))
    assert report.state == "DONE"
    text = node.config.read_text()
    assert "election_timeout_min_ms = 1000   # documented default" in text
    assert "election_timeout_max_ms = 2000\n" in text
    assert text.startswith("# node1 of the demo cluster\n")


async def test_a_running_service_is_restarted_into_a_new_process(bot: Bot, node: Node):
    report = await carry_out(bot, await bot.grant(RestartService()))
    assert report.state == "DONE"
    assert node.calls("systemctl restart neumann") == 1
    assert report.after is not None and report.after.service_pid == 101


async def test_a_restart_that_keeps_its_process_is_not_done(bot: Bot, node: Node):
    node.set_service("active", 100, then=("active", 100))
    report = await carry_out(bot, await bot.grant(RestartService()))
    assert report.state == "NOT_DONE"


async def test_a_stopped_service_is_started(bot: Bot, node: Node):
    node.set_service("failed", 0, then=("active", 200))
    report = await carry_out(bot, await bot.grant(StartService()))
    assert (report.state, node.calls("systemctl start neumann")) == ("DONE", 1)


async def test_what_has_crashed_too_often_is_let_start_again(bot: Bot, node: Node):
    """At its start limit systemd starts a unit only after `reset-failed`."""
    node.set_service("failed", 0, then=("active", 200))
    await carry_out(bot, await bot.grant(StartService()))
    calls = (node.folder / "calls").read_text().splitlines()
    moves = [call for call in calls if call.startswith("systemctl") and " show " not in call]
    assert moves == ["systemctl reset-failed neumann", "systemctl start neumann"]


async def test_a_service_that_dies_at_once_is_not_done(settings: Settings, node: Node, connected: Connected):
    """`Type=simple` is started as soon as there is a process; a broken file ends it some 300 ms later."""
    node.set_service("active", 200, then=("failed", 0))
    shutil.copy(node.folder / "service_after", node.folder / "dead")
    node.set_service("inactive", 0, then=("active", 200))
    systemctl = node.folder / "systemctl"
    dies = f"(sleep 0.3; cp {node.folder}/dead {node.folder}/service) & "
    systemctl.write_text(systemctl.read_text().replace("start|restart) ", f"start|restart) {dies}"))
    async with connected(limited(settings, stays_up_s=1.0)) as bot:
        report = await carry_out(bot, await bot.grant(StartService()))
    assert (report.state, report.after and report.after.service_state) == ("NOT_DONE", "failed")


async def test_a_command_that_fails_is_told_with_its_words(bot: Bot, node: Node):
    grant = await bot.grant(ClockSync())
    chronyc = node.folder / "chronyc"
    chronyc.write_text(
        chronyc.read_text().replace("makestep) ", "makestep) echo '501 Not authorised'; exit 1; ")
    )
    report = await carry_out(bot, grant)
    assert report.state == "NOT_DONE"
    assert "501 Not authorised" in report.detail


@pytest.mark.parametrize(("ends", "state"), [(False, "UNKNOWN"), (True, "DONE")])
async def test_a_command_that_does_not_end_is_told_and_its_effect_may_still_come(
    bot: Bot, node: Node, monkeypatch: pytest.MonkeyPatch, ends: bool, state: str
):
    grant = await bot.grant(ClockSync())
    step = command(lambda case: (str(case.settings.commands.chronyc), "makestep"), within_s=0.2)
    monkeypatch.setitem(ACTIONS, "clock_sync", dataclasses.replace(ACTIONS["clock_sync"], run=step))
    chronyc = node.folder / "chronyc"
    effect = f"cp {node.folder}/tracking_after {node.folder}/tracking; " if ends else ""
    chronyc.write_text(chronyc.read_text().replace("makestep) ", f"makestep) {effect}sleep 60; "))
    report = await carry_out(bot, grant)
    assert report.state == state
    assert "did not end within 0.2 s" in report.detail


@pytest.mark.parametrize(("looks", "state"), [(0, "DONE"), (2, "DONE"), (3, "UNKNOWN")])
async def test_a_service_that_takes_its_time_is_looked_at_three_times(
    bot: Bot, node: Node, looks: int, state: str
):
    """Half a second lies between two looks; once it is there, one more tells whether it stayed."""
    grant = await bot.grant(RestartService())
    node.set_service("active", 101, then=("activating", 101))
    shutil.copy(node.folder / "service", node.folder / "settled")
    node.set_service("active", 100, then=("activating", 101))
    (node.folder / "settle").write_text(SETTLE.format(looks=looks))
    systemctl = node.folder / "systemctl"
    script = systemctl.read_text().replace("start|restart) ", f"start|restart) touch {node.folder}/begun; ")
    systemctl.write_text(script.replace("show) ", f"show) cd {node.folder}; sh settle; "))
    report = await carry_out(bot, grant)
    assert report.state == state
    at_s = [float(line) for line in (node.folder / "looks").read_text().split()]
    until_there = at_s[:-1] if state == "DONE" else at_s
    assert len(until_there) == min(looks + 1, 3)
    assert all(later - sooner > 0.4 for sooner, later in pairwise(until_there))


async def test_what_became_of_it_is_in_the_log(bot: Bot, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "agent")
    report = await carry_out(bot, await bot.grant(RestartService()))
    assert f"action {report.action_id[:12]} is DONE: {report.detail}" in caplog.messages


@pytest.mark.parametrize(
    ("ahead_s", "leap", "words"),
    [(0.012, "Normal", "not surely"), (1001.0, "Normal", "limit"), (2.4, "Not synchronised", "synchronised")],
)
async def test_prepare_refuses_a_step_that_is_not_called_for(
    bot: Bot, node: Node, ahead_s: float, leap: str, words: str
):
    node.set_clock(ahead_s=ahead_s, after_step_s=0, leap=leap)
    refusal = await bot.prepare(ClockSync())
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "precondition"
    assert words in refusal.detail


@pytest.mark.parametrize(("minimum", "maximum"), [(300, 300), (400, 300), (149, 300)])
async def test_prepare_refuses_timeouts_out_of_bounds(bot: Bot, node: Node, minimum: int, maximum: int):
    before = node.config.read_bytes()
    action = SetElectionTimeouts(election_timeout_min_ms=minimum, election_timeout_max_ms=maximum)
    refusal = await bot.prepare(action)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "precondition"
    assert node.config.read_bytes() == before


async def test_a_symlinked_config_is_refused_and_intact(bot: Bot, node: Node):
    real = node.folder / "elsewhere.toml"
    node.config.rename(real)
    node.config.symlink_to(real)
    before = real.read_bytes()
    refusal = await bot.prepare(WIDER)
    assert isinstance(refusal, Refusal)
    assert "symbolic link" in refusal.detail
    assert real.read_bytes() == before
    assert node.config.is_symlink()


async def test_start_and_restart_need_the_opposite_state(bot: Bot, node: Node):
    assert isinstance(await bot.prepare(StartService()), Refusal)
    node.set_service("inactive", 0, then=("active", 1))
    assert isinstance(await bot.prepare(RestartService()), Refusal)
    node.set_service("activating", 7, then=("active", 1))
    assert isinstance(await bot.prepare(StartService()), Refusal)


async def test_an_unlisted_key_is_refused(bot: Bot, node: Node):
    grant = await bot.grant(ClockSync())
    assert await bot.commit(sign(grant, SigningKey.generate())) == (403, "signature")
    assert node.calls("chronyc makestep") == 0


async def test_a_changed_payload_is_refused(bot: Bot, node: Node):
    signed = sign(await bot.grant(ClockSync()), bot.key)
    payload = base64.b64decode(signed.payload).replace(b'"fence":1', b'"fence":2')
    forged = replace(signed, payload=base64.b64encode(payload).decode())
    assert await bot.commit(forged) == (403, "signature")
    assert node.calls("chronyc makestep") == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"node": "node2"}, "node"),
        ({"cluster": "other"}, "cluster"),
        ({"nonce": "invented"}, "nonce"),
        ({"action_id": "f" * 64}, "nonce"),
    ],
)
async def test_a_grant_for_something_else_is_refused(
    bot: Bot, node: Node, changes: dict[str, str], reason: str
):
    grant = replace(await bot.grant(ClockSync()), **changes)
    assert await bot.commit(grant) == (403, reason)
    assert node.calls("chronyc makestep") == 0


async def test_a_nonce_is_good_once_whatever_came_of_it(bot: Bot, node: Node):
    grant = await bot.grant(ClockSync())
    assert await bot.commit(replace(grant, node="node2")) == (403, "node")
    assert await bot.commit(grant) == (403, "nonce")
    assert node.calls("chronyc makestep") == 0


async def test_a_grant_sent_again_has_no_second_effect(bot: Bot, node: Node):
    signed = sign(await bot.grant(RestartService()), bot.key)
    assert isinstance(await bot.commit(signed), ActionReport)
    assert await bot.commit(signed) == (403, "nonce")
    assert node.calls("systemctl restart") == 1


async def test_an_old_nonce_is_refused(connected: Connected, settings: Settings):
    async with connected(limited(settings, nonce_life_s=0.05)) as bot:
        grant = await bot.grant(ClockSync())
        await asyncio.sleep(0.1)
        assert await bot.commit(grant) == (403, "nonce")


async def test_two_grants_of_one_action_have_one_effect(bot: Bot, node: Node):
    first, second = await bot.grant(RestartService()), await bot.grant(RestartService())
    done = await bot.commit(first)
    assert isinstance(done, ActionReport)
    assert await bot.commit(second) == done
    assert node.calls("systemctl restart") == 1
    refusal = await bot.prepare(RestartService())
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "already_recorded"


async def test_an_id_never_answers_for_another_action(bot: Bot, node: Node):
    """Whoever says by one id what another action is, is not told that it is done."""
    first, second = await bot.grant(ClockSync()), await bot.grant(ClockSync())
    assert isinstance(await bot.commit(first), ActionReport)
    other = replace(second, action=RestartService())
    assert await bot.commit(other) == (409, "other_action")
    assert node.calls("systemctl restart") == 0


async def test_the_world_is_looked_at_once_more_before_acting(bot: Bot, node: Node):
    clock, timeouts, restart = [await bot.grant(action) for action in (ClockSync(), WIDER, RestartService())]
    node.set_clock(ahead_s=-2.4, after_step_s=0)
    node.config.write_text(node.config.read_text() + "# edited by hand\n")
    edited = node.config.read_bytes()
    node.set_service("active", 555, then=("active", 556))
    for grant in (clock, timeouts, restart):
        assert await bot.commit(grant) == (409, "precondition")
        assert (await bot.report(grant.action_id)).state == "REJECTED"
    assert node.calls("chronyc makestep") + node.calls("systemctl restart") == 0
    assert node.config.read_bytes() == edited


async def test_a_grant_of_another_boot_is_rejected(bot: Bot, node: Node):
    grant = await bot.grant(ClockSync())
    other_boot = replace(grant.precondition, boot_id="another")
    assert await bot.commit(replace(grant, precondition=other_boot)) == (409, "precondition")
    assert node.calls("chronyc makestep") == 0


async def test_an_older_fence_is_refused(bot: Bot, node: Node):
    assert isinstance(await bot.commit(await bot.grant(ClockSync(), fence=5)), ActionReport)
    assert await bot.commit(await bot.grant(RestartService(), fence=4)) == (409, "fence")
    assert isinstance(await bot.commit(await bot.grant(RestartService(), fence=5)), ActionReport)
    assert node.calls("systemctl restart") == 1


async def test_one_action_at_a_time(bot: Bot, node: Node):
    (node.folder / "slow").write_text("0.5")
    clock, restart = await bot.grant(ClockSync()), await bot.grant(RestartService())
    running = asyncio.create_task(bot.commit(clock))
    async with asyncio.timeout(10):
        while node.calls("chronyc makestep") == 0:
            await asyncio.sleep(0.01)
    assert (await bot.report(clock.action_id)).state == "INTENT"
    assert await bot.commit(restart) == (409, "busy")
    assert isinstance(await bot.prepare(WIDER), Refusal)
    report = await running
    assert isinstance(report, ActionReport)
    assert report.state == "DONE"
    assert node.calls("systemctl restart") == 0


async def test_one_of_a_kind_in_the_interval(connected: Connected, settings: Settings, node: Node):
    async with connected(limited(settings, same_action_interval_s=600)) as bot:
        first = await bot.grant(ClockSync(), generation=1)
        second = await bot.grant(ClockSync(), generation=2)
        assert isinstance(await bot.commit(first), ActionReport)
        node.set_clock(ahead_s=2.4, after_step_s=0)
        assert await bot.commit(second) == (409, "too_soon")
        refusal = await bot.prepare(ClockSync(), generation=3)
        assert isinstance(refusal, Refusal)
        assert refusal.reason == "too_soon"
        assert isinstance(await bot.prepare(RestartService()), Prepared)
    assert node.calls("chronyc makestep") == 1


async def test_an_action_only_prepared_is_known(bot: Bot):
    grant = await bot.grant(ClockSync())
    assert (await bot.report(grant.action_id)).state == "PREPARED"


async def test_an_action_whose_end_is_not_recorded_is_not_begun_again(
    bot: Bot, node: Node, settings: Settings
):
    """As where the disk was full when it ended."""
    first, second = await bot.grant(RestartService()), await bot.grant(RestartService())
    assert isinstance(await bot.commit(first), ActionReport)
    with closing(sqlite3.connect(settings.state_dir / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE actions SET state = 'INTENT'")
    assert await bot.commit(second) == (409, "busy")
    refusal = await bot.prepare(RestartService())
    assert isinstance(refusal, Refusal) and refusal.reason == "already_recorded"
    assert node.calls("systemctl restart") == 1


async def test_a_grant_that_comes_late_is_void_once_its_action_was_withdrawn(bot: Bot, node: Node):
    late = await bot.grant(RestartService())
    closed = await bot.withdraw(RestartService(), late.action_id)
    assert (closed.state, closed.detail) == ("REJECTED", "Withdrawn before it was begun.")
    answer = await bot.commit(late)
    assert isinstance(answer, ActionReport) and answer.state == "REJECTED"
    refusal = await bot.prepare(RestartService())
    assert isinstance(refusal, Refusal) and refusal.reason == "already_recorded"
    assert node.calls("systemctl restart") == 0


async def test_what_was_done_stays_done_whoever_withdraws_it(bot: Bot, node: Node):
    done = await carry_out(bot, await bot.grant(RestartService()))
    assert (await bot.withdraw(RestartService(), done.action_id)).state == "DONE"
    assert node.calls("systemctl restart") == 1


async def test_what_was_never_asked_for_is_never_seen(bot: Bot):
    answer = await bot.http.get(f"/v1/actions/{'0' * 64}")
    assert answer.status_code == 404
    assert Refusal.from_json(answer.content).reason == "never_seen"


async def leave_intent(
    connected: Connected,
    settings: Settings,
    action: Action,
    change_world: Callable[[], object] = int,
    *,
    earlier_boot: bool = False,
) -> str:
    """Record an INTENT as an agent does that dies right after it, with or without its effect."""
    async with connected(settings) as bot:
        grant = await bot.grant(action)
    if earlier_boot:
        precondition = replace(grant.precondition, boot_id="earlier")
        grant = replace(grant, precondition=precondition)
    ledger = Ledger(settings.state_dir / "ledger.sqlite3")
    ledger.intend(grant, settings.config_file.read_bytes() if action == WIDER else None)
    ledger.close()
    change_world()
    return grant.action_id


async def test_an_intent_without_an_end_is_unknown_and_not_run_again(
    connected: Connected, settings: Settings, node: Node
):
    name = await leave_intent(connected, settings, RestartService())
    async with connected(settings) as bot:
        report = await bot.report(name)
    assert report.state == "UNKNOWN"
    assert report.before is not None and report.before.boot_id == boot_id()
    assert node.calls("systemctl restart") == 0


async def test_a_crash_after_the_effect_is_found_done(connected: Connected, settings: Settings, node: Node):
    name = await leave_intent(
        connected, settings, RestartService(), lambda: node.set_service("active", 300, then=("active", 301))
    )
    async with connected(settings) as bot:
        assert (await bot.report(name)).state == "DONE"
    assert node.calls("systemctl restart") == 0


async def test_an_intent_that_cannot_be_read_holds_up_only_itself(
    connected: Connected, settings: Settings, node: Node, caplog: pytest.LogCaptureFixture
):
    unreadable = await leave_intent(connected, settings, RestartService())
    with closing(sqlite3.connect(settings.state_dir / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute('UPDATE actions SET action_json = \'{"type":"format_disk"}\'')
    readable = await leave_intent(connected, settings, WIDER)
    async with connected(settings) as bot:
        (said,) = {entry.getMessage() for entry in caplog.records if entry.levelname == "ERROR"}
        assert f"entry of action {unreadable} (INTENT) cannot be read" in said
        assert (await bot.report(readable)).state == "NOT_DONE"
        answer = await bot.http.get(f"/v1/actions/{unreadable}")
        assert (answer.status_code, Refusal.from_json(answer.content).detail) == (503, said)
        body = PrepareRequest(action_id=unreadable, action=RestartService()).to_json()
        assert (await bot.http.post("/v1/prepare", content=body)).status_code == 503
        assert (await carry_out(bot, await bot.grant(ClockSync()))).state == "DONE"
    assert node.calls("systemctl restart") == 0


async def test_a_boot_starts_services_too_so_it_proves_nothing(
    connected: Connected, settings: Settings, node: Node
):
    node.set_service("inactive", 0, then=("active", 1))
    name = await leave_intent(
        connected,
        settings,
        StartService(),
        lambda: node.set_service("active", 300, then=("active", 301)),
        earlier_boot=True,
    )
    async with connected(settings) as bot:
        assert (await bot.report(name)).state == "UNKNOWN"


async def test_a_file_proves_what_became_of_it(connected: Connected, settings: Settings, node: Node):
    name = await leave_intent(connected, settings, WIDER)
    async with connected(settings) as bot:
        assert (await bot.report(name)).state == "NOT_DONE"


async def test_a_file_edited_by_others_meanwhile_is_unknown(
    connected: Connected, settings: Settings, node: Node
):
    name = await leave_intent(connected, settings, WIDER, lambda: node.config.write_text("[raft]\n"))
    async with connected(settings) as bot:
        assert (await bot.report(name)).state == "UNKNOWN"
    assert node.config.read_text() == "[raft]\n"


async def test_without_a_ledger_nothing_is_done(bot: Bot, node: Node, settings: Settings):
    grant = await bot.grant(ClockSync())
    with closing(sqlite3.connect(settings.state_dir / "ledger.sqlite3")) as database:
        database.execute("DROP TABLE actions")
    assert await bot.commit(grant) == (503, "ledger")
    assert node.calls("chronyc makestep") == 0
