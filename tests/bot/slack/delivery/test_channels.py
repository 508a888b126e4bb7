"""A thread stays where its headline is until that place is gone; then it goes on where it is configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.slack.delivery.refusals import WORDS, Refusal
from bot.slack.delivery.thread_sync import Synced
from bot.slack.delivery.web_api import SlackRefused
from handlers.domain.incident import Incident
from lab.slack.directory import Channel
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.incidents import incident
from tests.bot.slack.delivery.rig import Rig, key
from tests.builders import diagnosed, opened

OPENED = incident(opened())
DIAGNOSED = incident(opened(), *diagnosed(incidents.quorum_loss()))
RUNNING = incident(*incidents.confirmed(incidents.quorum_loss()))
HEALED = incident(*incidents.healed())
ALL_KEYS = ["headline", "findings", "run-1", "verified", "closed"]
ANOTHER = "C0ANOTHER1"
DIRECT = "D0ALICE001"


@pytest.fixture(autouse=True)
def _another_channel(slack: SlackWorkspaceServer) -> None:
    directory = slack.workspace.directory
    members = directory.channels[0].member_ids
    slack.workspace.directory = replace(
        directory, channels=(*directory.channels, Channel(ANOTHER, "neumann-others", members))
    )


async def test_an_open_incident_goes_on_where_its_headline_is_whatever_is_configured(at: Rig) -> None:
    await at.settle(OPENED)
    at.channel = ANOTHER
    await at.settle(HEALED, replace(OPENED, id="inc-8"))
    assert [each.channel_id for each in at.messages] == [INCIDENTS] * 5 + [ANOTHER]
    assert at.keys()[:5] == ALL_KEYS


@pytest.mark.parametrize("shown", [OPENED, RUNNING], ids=["an edit meets it", "all meets it"])
async def test_where_that_channel_is_archived_it_goes_on_in_the_configured_one_with_a_link(
    at: Rig, slack: SlackWorkspaceServer, shown: Incident
) -> None:
    await at.settle(shown)
    before = len(at.messages)
    (lost,) = at.headlines
    slack.workspace.archive(INCIDENTS)
    at.channel = ANOTHER
    await at.settle(HEALED)
    assert at.keys()[before:] == ALL_KEYS
    headline, *replies = at.messages[before:]
    assert {each.channel_id for each in at.messages[before:]} == {ANOTHER}
    assert {each.thread_ts for each in replies} == {headline.ts}
    assert f"/archives/{INCIDENTS}/p{lost.ts.replace('.', '')}|What came before" in str(headline)
    at.calls.clear()
    await at.settle(HEALED)
    assert at.calls == {}


@pytest.mark.parametrize(
    "word", sorted(word for word, each in WORDS.items() if each.refusal is Refusal.CHANNEL)
)
async def test_whatever_shuts_the_channel_the_configured_one_is_next(
    at: Rig, slack: SlackWorkspaceServer, word: str
) -> None:
    await at.settle(OPENED)
    slack.workspace.fail("*", word, times=None, channel=INCIDENTS)
    at.channel = ANOTHER
    await at.settle(DIAGNOSED)
    assert [(key(each), each.channel_id) for each in at.messages[1:]] == [
        ("headline", ANOTHER),
        ("findings", ANOTHER),
    ]


async def test_where_there_is_no_other_channel_it_waits_and_then_shows_all(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(OPENED)
    slack.workspace.archive(INCIDENTS)
    assert isinstance(await at.sync(DIAGNOSED), SlackRefused)
    await at.settle(HEALED)
    assert at.keys() == ["headline"]
    slack.workspace.archive(INCIDENTS, is_archived=False)
    await at.later()
    await at.settle(HEALED)
    assert at.keys() == ALL_KEYS
    assert await at.refused() == {}


# ---- the run reaches a person


async def test_a_run_that_its_thread_cannot_show_reaches_who_confirmed_it_with_its_button_and_its_end(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    await at.settle(RUNNING)
    slack.workspace.archive(INCIDENTS)
    stepped = incident(*incidents.carried_out(incidents.quorum_loss())[:-1])
    await at.settle(stepped)
    async with Person(slack.url, "alice", channel=DIRECT) as alice:
        (told,) = await alice.messages()
        assert "Stop before the next node" in plain_text(told)
        assert "its thread cannot show this" in plain_text(told)
        await at.settle(HEALED)
        said = [plain_text(each) for each in await alice.messages()]
    assert len(said) == 3
    assert "Every action is done" in said[0]
    assert "Stop before" not in said[0]
    assert "Leader verified: node1 leads term 9" in said[1]
    assert "Closed after" in said[2]
    at.calls.clear()
    await at.settle(HEALED)
    assert "chat.update" not in at.calls


@pytest.mark.parametrize("user", ["bob", "carol"])
async def test_nobody_else_is_told(at: Rig, slack: SlackWorkspaceServer, user: str) -> None:
    slack.workspace.archive(INCIDENTS)
    await at.settle(RUNNING)
    async with Person(slack.url, user, channel=f"D0{user.upper()}") as person:
        assert [each for each in (await person.state())["messages"] if each["channel"].startswith("D")] == []


async def test_a_run_that_the_thread_shows_is_told_nobody_directly(at: Rig) -> None:
    await at.settle(RUNNING, HEALED)
    assert {each.channel_id for each in at.messages} == {INCIDENTS}


async def test_a_person_whom_the_app_cannot_write_to_keeps_nothing_up(
    at: Rig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.manifest = replace(slack.workspace.manifest, has_messages_tab=False)
    await at.settle(OPENED)
    slack.workspace.fail("chat.postMessage", "msg_too_long", times=None, channel=INCIDENTS)
    await at.settle(RUNNING)
    slack.faults.clear()
    await at.later()
    assert isinstance(await at.sync(RUNNING), Synced)
    assert at.keys() == ["headline", "findings", "run-1"]
