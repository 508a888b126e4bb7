"""A message that Slack does not take silences nothing else: each word of refusal has its way on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.slack.delivery.refusal_store import MAX_PASSING_TIMES
from bot.slack.delivery.refusals import UNKNOWN_WORD, WORDS, Refusal, refusal_of
from bot.slack.delivery.thread_sync import Synced
from bot.slack.delivery.web_api import AnswerLostError, SlackBusy, SlackRefused
from handlers.domain.events.triage import NoteAdded
from handlers.domain.incident import Incident
from handlers.ports import Place
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from lab.slack.workspace import RepliesToDeleted
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.incidents import incident
from tests.bot.slack.delivery.rig import Rig, key
from tests.builders import BOB, NOON, diagnosed, opened

OPENED = incident(opened())
DIAGNOSED = incident(opened(), *diagnosed(incidents.quorum_loss()))
RUNNING = incident(*incidents.confirmed(incidents.quorum_loss()))
HEALED = incident(*incidents.healed())
ALL_KEYS = ["headline", "findings", "run-1", "verified", "closed"]


def by_kind(kind: Refusal) -> list[str]:
    return sorted(word for word, each in WORDS.items() if each.refusal is kind)


def test_every_word_has_a_source_and_those_that_nobody_knows_a_default() -> None:
    assert all(each.source for each in WORDS.values())
    assert refusal_of("a_word_of_next_year") is UNKNOWN_WORD is Refusal.FORM


# ---- what was deleted


@pytest.mark.parametrize("to_deleted", ["outside", "refused", "below"])
@pytest.mark.parametrize("shown", [OPENED, DIAGNOSED, RUNNING], ids=["headline", "findings", "run"])
async def test_a_thread_whose_headline_was_deleted_goes_on_below_a_new_one(
    at: Rig, slack: SlackWorkspaceServer, shown: Incident, to_deleted: RepliesToDeleted
) -> None:
    slack.workspace.replies_to_deleted = to_deleted
    await at.settle(shown)
    (lost,) = at.headlines
    async with Person(slack.url, "erin") as erin:
        assert (await erin.delete(lost.ts)).ok
    await at.settle(HEALED)
    (headline,) = at.headlines
    assert at.keys(headline.ts) == ALL_KEYS, "the whole state"
    assert "was deleted; its thread goes on here" in str(headline)
    outside = [each for each in at.messages if not each.is_reply and each is not headline]
    assert outside == [], "what landed in the channel was taken away"
    at.calls.clear()
    await at.settle(HEALED)
    assert at.calls == {}, "and that is all"


async def test_a_reply_that_was_deleted_is_posted_anew(at: Rig, slack: SlackWorkspaceServer) -> None:
    await at.settle(DIAGNOSED, RUNNING)
    (parent,) = at.headlines
    (run,) = [each for each in at.messages if key(each) == "run-1"]
    slack.workspace.delete(run)
    await at.settle(HEALED)
    assert sorted(at.keys(parent.ts)) == sorted(ALL_KEYS)
    assert "Every action is done" in str(at.messages)


async def test_what_is_deleted_again_and_again_is_posted_anew_less_and_less_often(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(OPENED)
    waits = []
    for number in range(8):
        for each in at.messages:
            slack.workspace.delete(each)
        note = NoteAdded(at=NOON, by=BOB, text=f"note {number}")
        came = await at.sync(incident(opened(), note))
        waits.append((came.again_in_s if isinstance(came, Synced) else came.wait_s) or 0.0)
        await at.later()
        await at.settle(incident(opened(), note))
    assert waits[0] == 0.0
    assert waits[1:] == sorted(waits[1:])
    assert 60 < waits[-1] < 310


async def test_a_thread_that_is_deleted_again_while_its_headline_stays_the_same_goes_on_all_the_same(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    def noted(count: int) -> Incident:
        notes = [NoteAdded(at=NOON, by=BOB, text=f"note {number}") for number in range(count)]
        return incident(opened(), *notes)

    await at.settle(noted(1))
    for count in (2, 3, 4):
        for each in at.messages:
            slack.workspace.delete(each)
        await at.sync(noted(count))
        calls = at.calls["chat.postMessage"]
        await at.sync(noted(count))
        if not at.headlines:
            assert at.calls["chat.postMessage"] == calls, "nothing is posted outside while it waits"
        await at.later()
        await at.settle(noted(count))
        (headline,) = at.headlines
        assert at.keys(headline.ts) == ["headline", *(f"written-{n}" for n in range(1, count + 1))]


@pytest.mark.parametrize("to_deleted", ["outside", "refused"])
async def test_what_is_said_of_an_incident_that_cannot_be_read_is_said_once_where_its_thread_is_gone(
    at: Rig, slack: SlackWorkspaceServer, to_deleted: RepliesToDeleted
) -> None:
    slack.workspace.replies_to_deleted = to_deleted
    await at.settle(OPENED)
    slack.workspace.delete(at.messages[0])
    for _ in range(3):
        await at.replica().say_aside(OPENED.id, "tampered", "This timeline is not as the bot wrote it.")
    assert at.keys() == ["tampered"]


# ---- what may not be edited


@pytest.mark.parametrize("word", by_kind(Refusal.UNEDITABLE))
async def test_what_may_not_be_edited_is_gone_on_with_by_a_new_message_in_the_thread(
    at: Rig, slack: SlackWorkspaceServer, word: str
) -> None:
    await at.settle(RUNNING)
    (headline,) = at.headlines
    slack.workspace.fail("chat.update", word, times=None)
    await at.settle(HEALED)
    assert [each.ts for each in at.headlines] == [headline.ts]
    assert at.keys(headline.ts)[3:] == ALL_KEYS
    assert "Closed after" in str(at.messages[3])
    at.calls.clear()
    await at.settle(HEALED)
    assert at.calls == {}
    slack.faults.clear()


async def test_buttons_of_all_that_stands_there_are_the_incidents_own(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(RUNNING)
    slack.workspace.edit_window_s = 0.0
    await at.settle(HEALED)
    theirs = slack.workspace.directory
    assert len(at.messages) == 8
    for each in at.messages:
        place = Place(theirs.app_id, theirs.team_id, INCIDENTS, each.ts)
        assert await at.replica().is_ours(HEALED.id, place), key(each)


async def test_where_nothing_may_be_edited_a_flurry_is_few_messages(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.edit_window_s = 0.0
    notes = [NoteAdded(at=NOON, by=BOB, text=f"note {number}") for number in range(30)]
    await at.settle(OPENED)
    for number, _ in enumerate(notes):
        acknowledged = replace(OPENED, alerts={}, remarks={}, cluster=f"state-{number}")
        await at.sync(acknowledged)
    assert at.keys().count("headline") <= 3
    assert at.calls["chat.update"] <= 3
    await at.later()
    await at.settle(HEALED)
    assert "Closed after" in str([each for each in at.messages if key(each) == "headline"][-1])


@pytest.mark.process
async def test_forty_threads_that_cannot_be_edited_take_no_turn_from_the_others(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    dead = [replace(RUNNING, id=f"inc-{number}") for number in range(40)]
    living = replace(RUNNING, id="inc-living")
    for each in (*dead, living):
        await at.settle(each)
        await at.later()
    update = slack.workspace.fail("chat.update", "edit_window_closed", times=None)
    for each in dead:
        await at.sync(replace(HEALED, id=each.id))
        await at.later()
    slack.faults.clear(update.id)
    at.calls.clear()
    for _ in range(3):
        for each in dead:
            await at.sync(replace(HEALED, id=each.id))
    assert at.calls["chat.update"] == 0, "nobody asks again for what was refused"
    at.calls.clear()
    await at.sync(replace(HEALED, id=living.id))
    assert at.calls["chat.update"] == 3


# ---- forms


@pytest.mark.parametrize("word", [*by_kind(Refusal.FORM), "a_word_of_next_year"])
async def test_a_form_that_is_refused_has_a_plainer_one(
    at: Rig, slack: SlackWorkspaceServer, word: str
) -> None:
    await at.settle(OPENED)
    slack.workspace.fail("chat.postMessage", word, times=2)
    await at.settle(DIAGNOSED)
    assert at.keys() == ["headline", "findings"]
    assert at.messages[1].blocks == ()
    assert "node2" in at.messages[1].text
    assert await at.refused() == {}


async def test_the_buttons_are_the_last_to_go(at: Rig, slack: SlackWorkspaceServer) -> None:
    await at.settle(DIAGNOSED)
    slack.workspace.fail("chat.postMessage", "msg_blocks_too_long")
    await at.settle(RUNNING)
    run = at.messages[-1]
    assert "Stop before the next node" in plain_text({"text": run.text, "blocks": list(run.blocks)})


async def test_what_is_refused_in_every_form_is_passed_over_and_told_once(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(OPENED)
    slack.workspace.fail("chat.postMessage", "msg_blocks_too_long", times=3)
    with capture_logs() as logs:
        await at.sync(DIAGNOSED)
        slack.faults.clear()
        note = NoteAdded(at=NOON, by=BOB, text="the switch was replaced")
        slack.workspace.fail("chat.update", "msg_blocks_too_long", times=None)
        noted = incident(opened(), *diagnosed(incidents.quorum_loss()), note)
        for _ in range(5):
            await at.sync(noted)
    assert at.keys() == ["headline", "written-1"], "the rest of the thread goes on"
    told = [each["what"] for each in logs if each["event"] == "slack_refuses"]
    assert told == [f"message/{OPENED.id}/findings"]
    assert any("msg_blocks_too_long" in each for each in await at.replica().unshown())
    slack.faults.clear()
    await at.later()
    await at.settle(noted)
    assert sorted(at.keys()) == ["findings", "headline", "written-1"]
    assert await at.replica().unshown() == ()


async def test_what_stays_refused_is_tried_again_less_and_less_often_whoever_restarts(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.fail("chat.postMessage", "a_word_of_next_year", times=None)
    waits = []
    for _ in range(10):
        came = await at.sync(OPENED)
        assert isinstance(came, Synced)
        waits.append(round(came.again_in_s or 0.0))
        calls = at.calls.total()
        again = await at.sync(OPENED)
        assert at.calls.total() == calls, "another process, which knows it from Redis"
        assert isinstance(again, Synced)
        assert again.again_in_s
        await at.later()
    assert waits == sorted(waits)
    assert waits[0] < 4.0
    assert waits[-1] > 240


async def test_a_message_that_slack_always_fails_at_is_passed_over_after_a_few_tries(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(DIAGNOSED)
    slack.workspace.fail("chat.postMessage", "internal_error", times=MAX_PASSING_TIMES)
    note = NoteAdded(at=NOON, by=BOB, text="the switch was replaced")
    first = incident(opened(), *diagnosed(incidents.quorum_loss()), note)
    for _ in range(MAX_PASSING_TIMES):
        assert isinstance(await at.sync(first), AnswerLostError), "it keeps the order of the thread"
        await at.free_turns()
    slack.workspace.fail("chat.postMessage", "internal_error")
    second = incident(opened(), *diagnosed(incidents.quorum_loss()), note, note)
    assert isinstance(await at.sync(second), Synced)
    assert at.keys() == ["headline", "findings", "written-2"]
    await at.later()
    await at.settle(second)
    assert at.keys() == ["headline", "findings", "written-2", "written-1"]
    assert await at.refused() == {}


# ---- channels and the token


async def test_a_channel_that_takes_nothing_is_asked_by_one_for_all(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.archive(INCIDENTS)
    many = [replace(OPENED, id=f"inc-{number}") for number in range(30)]
    for each in many:
        assert isinstance(await at.sync(each), SlackRefused | SlackBusy)
    assert at.calls == {"chat.postMessage": 1}
    await at.later()
    for each in many:
        await at.sync(each)
    assert at.calls == {"chat.postMessage": 2}
    (said,) = await at.replica().unshown()
    assert INCIDENTS in said
    assert "archived" in said
    slack.workspace.archive(INCIDENTS, is_archived=False)
    await at.later()
    for each in many:
        await at.settle(each)
        await at.later()
    assert len(at.headlines) == 30
    assert await at.replica().unshown() == ()


@pytest.mark.parametrize("word", by_kind(Refusal.TOKEN))
async def test_a_token_that_is_refused_is_asked_with_by_one_for_all(
    at: Rig, slack: SlackWorkspaceServer, word: str
) -> None:
    fault = slack.workspace.fail("*", word, times=None)
    for number in range(10):
        await at.sync(replace(OPENED, id=f"inc-{number}"))
    assert at.calls.total() == 1
    assert list(await at.refused()) == ["token"]
    slack.faults.clear(fault.id)
    await at.later()
    await at.settle(OPENED)
    assert at.keys() == ["headline"]
    assert await at.refused() == {}
