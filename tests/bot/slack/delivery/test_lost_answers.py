"""What proves nothing is looked for: whatever answer, note or time is lost, there is one headline."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.delivery.message_lookup import firings_of
from bot.slack.delivery.thread_sync import Synced
from bot.slack.delivery.web_api import FAILURES
from handlers.domain.incident import Incident
from lab.slack import faults
from lab.slack.server import SlackWorkspaceServer
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.incidents import incident
from tests.bot.slack.delivery.rig import Rig
from tests.builders import diagnosed, opened

OPENED = incident(opened())
DIAGNOSED = incident(opened(), *diagnosed(incidents.quorum_loss()))
LOST = sorted({*faults.UNREADABLE, faults.ANSWER_LOST, faults.GATEWAY_TIMEOUT})


def now(shown: Incident, ahead_s: float = 0.0) -> Incident:
    return replace(shown, opened_at=datetime.now(UTC) + timedelta(seconds=ahead_s))


@pytest.mark.process
@pytest.mark.parametrize("kind", LOST)
async def test_an_answer_that_proves_nothing_is_no_second_headline(
    at: Rig, slack: SlackWorkspaceServer, kind: str
) -> None:
    slack.workspace.fail("chat.postMessage", kind)
    await at.settle(now(OPENED))
    assert at.keys() == ["headline"]
    slack.workspace.fail("chat.postMessage", kind)
    await at.settle(now(DIAGNOSED))
    assert at.keys() == ["headline", "findings"]


@pytest.mark.process
@pytest.mark.parametrize("kind", ["html_answer", "empty_answer", "request_timed_out"])
async def test_an_edit_whose_answer_cannot_be_read_is_made_again(
    at: Rig, slack: SlackWorkspaceServer, kind: str
) -> None:
    await at.settle(OPENED)
    slack.workspace.fail("chat.update", kind)
    await at.settle(DIAGNOSED)
    assert at.keys() == ["headline", "findings"]
    assert at.calls["chat.update"] >= 2


async def test_a_refusal_proves_that_nothing_was_done_and_nothing_is_looked_for(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.fail("chat.postMessage", "not_in_channel")
    await at.settle(OPENED)
    await at.later()
    await at.settle(OPENED)
    assert at.keys() == ["headline"]
    assert at.calls == {"chat.postMessage": 2}


@pytest.mark.process
async def test_a_workspace_that_shows_the_app_nothing_gets_the_message_all_the_same(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.fail("conversations.history", "missing_scope", times=None)
    slack.workspace.fail("chat.postMessage", faults.SERVER_ERROR, status=504)
    await at.settle(OPENED)
    assert at.keys() == ["headline"]


@pytest.mark.process
@pytest.mark.parametrize("ahead_h", [-2, -1, 1, 2])
async def test_a_clock_that_is_hours_off_is_no_second_headline(
    at: Rig, slack: SlackWorkspaceServer, monkeypatch: pytest.MonkeyPatch, ahead_h: int
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600.0 * ahead_h)
    shown = now(OPENED, 3600.0 * ahead_h)
    slack.workspace.fail("chat.postMessage", faults.ANSWER_LOST)
    await at.sync(shown)
    for number in range(450):
        slack.workspace.post(INCIDENTS, "U0ALICE001", {"text": str(number)})
    monkeypatch.undo()  # and set right before it is looked for
    await at.settle(shown)
    assert at.keys() == ["headline"]


@pytest.mark.process
async def test_no_further_back_is_looked_than_the_message_can_be(
    at: Rig, slack: SlackWorkspaceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 30 * 3600 * 10**9)
    for number in range(900):
        slack.workspace.post(INCIDENTS, "U0ALICE001", {"text": str(number)})
    monkeypatch.undo()
    slack.workspace.fail("chat.postMessage", faults.SERVER_ERROR, status=500)
    await at.settle(now(OPENED))
    assert at.calls["conversations.history"] == 1, "one page, and the rest is older than the incident"


# ---- Redis lost acknowledged writes


async def lose_all(at: Rig, but: tuple[str, ...] = ()) -> None:
    """A failover that lost all that was written; the bot has met the run before."""
    async for name in at.redis.scan_iter(f"{at.prefix}:*"):
        if not name.decode().endswith(but or ("nothing",)):
            await at.redis.delete(name)
    await at.redis.set(f"{at.prefix}:redis-run", "the-run-before 0")


async def test_an_incident_that_was_lost_is_gone_on_with_in_its_thread(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(DIAGNOSED)
    await lose_all(at)
    found = replace(now(incident(*incidents.healed())), id="inc-1-other")
    await at.settle(found)
    assert at.keys() == ["headline", "findings", "run-1", "verified", "closed"]
    told = {(each.metadata or {})["event_payload"]["incident"] for each in at.messages}
    assert told == {"inc-1-other"}, "it has taken them over"
    assert "Closed after" in str(at.messages[0])


async def test_the_thread_of_another_firing_or_of_a_known_incident_is_not_taken_over(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(DIAGNOSED)
    place = [name async for name in at.redis.scan_iter(f"{at.prefix}:message:*")]
    kept = {name: await at.redis.get(name) or b"" for name in place}
    await lose_all(at)
    (known, alert), *_ = DIAGNOSED.firings.items()
    again = {(known[0], known[1] + timedelta(seconds=1)): alert}
    await at.settle(replace(now(OPENED), id="inc-1-other", firings=again))
    assert at.keys() == ["headline", "findings", "headline"]
    await lose_all(at)
    await at.redis.mset(kept)
    await at.settle(replace(now(OPENED), id="inc-1-third"))
    assert at.keys() == ["headline", "findings", "headline", "headline"]


async def test_who_never_met_another_run_of_redis_looks_for_nothing(at: Rig) -> None:
    await at.settle(DIAGNOSED, replace(DIAGNOSED, id="inc-8"))
    assert set(at.calls) == {"chat.postMessage"}
    await at.redis.set(f"{at.prefix}:redis-run", "the-run-before 0")
    came = await at.sync(replace(now(OPENED), id="inc-9"))
    assert isinstance(came, Synced)
    assert at.calls["conversations.history"] == 1, "once, since the alert is older than this run"
    long_ago = time.time() - 2 * 3600
    run = (await at.redis.info("server"))["run_id"]
    await at.redis.set(f"{at.prefix}:redis-run", f"{run} {int(long_ago)}")
    await at.settle(replace(now(OPENED), id="inc-10"))
    assert at.calls["conversations.history"] == 1, "by now all that was lost has come again"


def test_a_firing_is_known_by_its_alert_and_its_start_alone() -> None:
    assert firings_of(replace(OPENED, id="inc-99", handle="x")) == firings_of(DIAGNOSED)
    assert firings_of(replace(OPENED, cluster="prod")) != firings_of(OPENED)


@pytest.mark.parametrize("broken", [UnicodeDecodeError, RecursionError])
def test_a_broken_body_is_one_of_the_clients_failures(broken: type[Exception]) -> None:
    assert issubclass(broken, FAILURES)
