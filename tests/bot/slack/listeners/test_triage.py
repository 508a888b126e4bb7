"""Having an incident in Slack: buttons, mentions, pins, shortcut, App Home, report, socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot import main as wiring
from bot.config import Settings
from bot.secret_files import SecretFile
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.inbound import socket_mode
from bot.slack.listeners import triage
from bot.store.client import connect
from handlers.domain.incident import Incident
from lab.slack.app.manifest import AppManifest
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.worker.working import answered, answering
from tests.builders import diagnosed, opened
from tests.waiting import until

ID, HANDLE = "inc-1", "handle-of-inc-1"
MANIFEST = Path(__file__).parents[4] / "deploy" / "slack-manifest.yaml"


@pytest.fixture
async def slack() -> AsyncIterator[SlackWorkspaceServer]:
    """A workspace with the app as its manifest installs it."""
    async with SlackWorkspaceServer(manifest=AppManifest.read(MANIFEST)) as server:
        yield server


@pytest.fixture
async def redis_of(settings: Settings) -> AsyncIterator[Redis]:
    redis = connect(settings.redis.url)
    yield redis
    await redis.aclose()


@pytest.fixture
async def bot(settings: Settings, slack: SlackWorkspaceServer) -> AsyncIterator[wiring.Bot]:
    async with wiring.build(settings) as built, answering(built) as slack.bot_request_url:
        yield built


@pytest.fixture
async def parent(
    bot: wiring.Bot,
    settings: Settings,
    slack_client: AsyncWebClient,
    redis_of: Redis,
    slack: SlackWorkspaceServer,
) -> str:
    """A diagnosed incident with its thread; the parent's ts."""
    prefix = settings.redis.prefix
    store = bot.ports.timelines
    first = opened().model_copy(update={"handle": HANDLE})
    incident = await store.append(Incident(id=ID), first, *diagnosed(incidents.quorum_loss()))
    await store.remember_handle(HANDLE, ID)
    await store.reclaim(incident.identity, ID)
    await SlackThread(slack_client, redis_of, prefix, lambda _: INCIDENTS).sync(incident)
    return str(slack.workspace.messages[0].ts)


async def incident(bot: wiring.Bot) -> Incident:
    return await bot.ports.timelines.load(ID)


@pytest.mark.process
async def test_the_first_to_acknowledge_has_it(bot: wiring.Bot, parent: str, alice: Person) -> None:
    assert (await alice.click(parent, "Acknowledge")).ok
    await answered(bot)
    holder = (await incident(bot)).triage.holder
    assert holder
    assert holder.name == "alice"


async def test_it_is_given_on_and_put_off_in_two_clicks(bot: wiring.Bot, parent: str, alice: Person) -> None:
    assert (await alice.click(parent, "Assign")).ok
    assert (await alice.submit(await alice.wait_for_modal(), {"chosen": "U0CAROL001"})).ok
    assert (await alice.click(parent, "Snooze")).ok
    assert (await alice.submit(await alice.wait_for_modal(), {"chosen": "60"})).ok
    triage_state = (await incident(bot)).triage
    assert triage_state.assigned_to
    assert triage_state.assigned_to.name == "carol"
    assert triage_state.snoozed_until


async def test_a_reading_is_asked_for_once_and_the_next_one_is_told_who_did(
    bot: wiring.Bot, slack: SlackWorkspaceServer, parent: str, alice: Person
) -> None:
    findings = str(slack.workspace.messages[1].ts)
    assert (await alice.click(findings, "Read again")).ok
    await alice.click(findings, "Read again")
    said = await alice.wait_for_message(lambda message: bool(message["is_ephemeral"]))
    assert "alice has asked for a reading already" in plain_text(said)
    assert (await incident(bot)).reading_asked


async def test_a_guest_gets_a_sentence_and_has_nothing(
    bot: wiring.Bot, slack: SlackWorkspaceServer, parent: str
) -> None:
    async with Person(slack.url, "dave") as dave:
        await dave.click(parent, "Acknowledge")
        said = await dave.wait_for_message(lambda message: "guest" in str(message))
    assert "A guest may not act" in plain_text(said)
    assert (await incident(bot)).triage.holder is None


async def test_what_fails_inside_the_bot_is_said_to_who_clicked(
    bot: wiring.Bot, parent: str, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(triage.AT_ONCE, "acknowledge", broken)
    assert (await alice.click(parent, "Acknowledge")).ok
    said = await alice.wait_for_message(lambda message: "failed inside the bot" in message["text"])
    assert "its log says why" in said["text"]


async def test_it_cannot_be_given_to_a_guest(bot: wiring.Bot, parent: str, alice: Person) -> None:
    await alice.click(parent, "Assign")
    assert (await alice.submit(await alice.wait_for_modal(), {"chosen": "U0DAVE0001"})).ok
    assert "dave cannot have it" in plain_text(await alice.wait_for_modal())
    assert (await incident(bot)).triage.assigned_to is None


async def test_in_a_thread_the_bots_name_does_what_the_command_does(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    name = slack.workspace.directory.bot.name
    assert (await alice.write(f"@{name} incident note the switch was replaced", thread_ts=parent)).ok

    async def noted() -> bool:
        return bool((await incident(bot)).triage.written)

    await until(noted)
    (written,) = (await incident(bot)).triage.written
    assert (written.by.name, written.text) == ("alice", "the switch was replaced")
    said = await alice.wait_for_message(lambda message: "Noted in inc-1" in str(message))
    assert said["thread_ts"] == parent


async def test_a_pinned_message_goes_into_the_timeline_once(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    await alice.write("rack 12 lost power at 02:58 <!channel>", thread_ts=parent)
    ts = slack.workspace.messages[-1].ts
    for emoji in ("pushpin", "memo"):
        assert (await alice.react(ts, emoji)).ok

    async def noted() -> bool:
        return bool((await incident(bot)).triage.written)

    await until(noted)
    await answered(bot)
    (written,) = (await incident(bot)).triage.written
    assert written.text == "rack 12 lost power at 02:58 <!channel>", "as it was typed; shown, it is inert"
    assert "/archives/" in written.link


async def test_a_message_from_elsewhere_is_added_through_its_menu(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    await alice.write("we moved the VMs an hour ago")
    ts = slack.workspace.messages[-1].ts
    assert (await alice.shortcut("add_to_incident", ts)).ok
    modal = await alice.wait_for_modal()
    assert (await alice.submit(modal, {"chosen": HANDLE})).ok
    (written,) = (await incident(bot)).triage.written
    assert written.text == "we moved the VMs an hour ago"


async def test_the_app_home_shows_what_is_open_and_who_leads(
    bot: wiring.Bot, parent: str, alice: Person
) -> None:
    await alice.click(parent, "Acknowledge")
    await answered(bot)
    await alice.open_home()
    home = plain_text(await until(alice.home))
    assert "inc-1" in home
    assert "who has it: alice" in home
    assert "leads term" in home, "the lab is well, whatever the incident's evidence says"


async def test_what_somebody_typed_is_repeated_to_them_and_calls_nobody(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    name = slack.workspace.directory.bot.name
    assert (await alice.write(f"@{name} <!channel> come", thread_ts=parent)).ok
    said = await alice.wait_for_message(lambda message: "There is no" in message["text"])
    assert said["thread_ts"] == parent, "everybody in the thread sees the answer"
    assert "`/neumann &lt;!channel&gt; come`" in said["text"]


async def test_the_report_is_a_canvas_that_the_thread_links_to(
    bot: wiring.Bot, parent: str, alice: Person, bob: Person
) -> None:
    assert (await alice.command("/neumann incident report inc-1")).ok

    said = await alice.wait_for_message(lambda message: "Open the canvas" in message["text"])
    assert said["thread_ts"] == parent

    async def shared() -> Any:
        return (await bob.state())["canvases"]

    (canvas,) = await until(shared)
    assert canvas["title"] == "Report of inc-1"
    assert canvas["markdown"].startswith("# inc-1: NoLeader on demo")
    assert f"/docs/T0NEUMANN1/{canvas['id']}|Open the canvas>" in said["text"]


async def test_a_month_is_a_table_for_who_asked_and_a_picture_for_the_channel(
    bot: wiring.Bot, parent: str, alice: Person
) -> None:
    assert (await alice.command("/neumann report month 2026-11")).ok
    table = await alice.wait_for_message(lambda message: "incident, " in message["text"])
    assert "1 incident" in plain_text(table)
    assert "inc-1" in plain_text(table)
    picture = await alice.wait_for_message(lambda message: bool(message.get("files")))
    assert picture.get("thread_ts") is None
    (file,) = picture["files"]
    assert file["name"] == "demo-2026-11.png"
    assert "1 incident. Without a leader for " in file["alt_txt"]


async def test_a_channel_that_takes_no_picture_is_said_and_the_table_is_there(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.fail("files.completeUploadExternal", "not_in_channel")
    assert (await alice.command("/neumann report month demo 2026-11")).ok
    await alice.wait_for_message(lambda message: "1 incident, " in message["text"])
    said = await alice.wait_for_message(lambda message: "The picture could not be put" in message["text"])
    assert "not_in_channel" in said["text"]


WHY_A_FILE = {
    "canvas_disabled_user_team": "canvases are turned off in this workspace",
    "free_teams_cannot_create_non_tabbed_canvases": "canvases need a paid plan",
    "missing_scope": "for a canvas the app needs canvases:write",
    "canvas_creation_failed": "Slack makes no canvas of it (canvas_creation_failed)",
}


@pytest.mark.parametrize("error", WHY_A_FILE)
async def test_where_there_are_no_canvases_the_report_is_a_file_that_says_why(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer, error: str
) -> None:
    slack.workspace.fail("canvases.create", error)
    assert (await alice.command("/neumann incident report inc-1")).ok

    said = await alice.wait_for_message(lambda message: bool(message.get("files")))
    assert said["thread_ts"] == parent
    assert [file["name"] for file in said["files"]] == ["inc-1-report.md"]
    assert WHY_A_FILE[error] in said["text"]
    assert slack.workspace.canvases == {}


async def test_a_canvas_that_cannot_be_shared_does_not_take_the_report_away(
    bot: wiring.Bot, parent: str, alice: Person, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.fail("canvases.access.set", "restricted_action")
    assert (await alice.command("/neumann incident report inc-1")).ok
    said = await alice.wait_for_message(lambda message: bool(message.get("files")))
    assert "does not let the app share a canvas" in said["text"]


async def test_over_a_socket_a_click_does_the_same(
    settings: Settings,
    slack: SlackWorkspaceServer,
    slack_client: AsyncWebClient,
    alice: Person,
    redis_of: Redis,
    tmp_path: Path,
) -> None:
    token = tmp_path / "app-token"
    token.touch(0o600)
    token.write_text(slack.app_token)
    assert SecretFile(file=token).read().get_secret_value() == slack.app_token
    async with wiring.build(settings) as built:
        store = built.ports.timelines
        first = opened().model_copy(update={"handle": HANDLE})
        known = await store.append(Incident(id=ID), first, *diagnosed(incidents.quorum_loss()))
        await store.remember_handle(HANDLE, ID)
        thread = SlackThread(slack_client, redis_of, settings.redis.prefix, lambda _: INCIDENTS)
        await thread.sync(known)
        listening = asyncio.create_task(
            socket_mode.listen(built.slack, slack.app_token, settings.slack.api_url, built.requests)
        )
        answers = asyncio.create_task(built.dispatcher.run())

        async def connected() -> bool:
            return slack.sockets.is_connected

        await until(connected)
        assert (await alice.click(slack.workspace.messages[0].ts, "Acknowledge")).ok
        await answered(built)
        assert (await store.load(ID)).triage.holder
        assert (await alice.click(slack.workspace.messages[0].ts, "Snooze")).ok
        modal = await alice.wait_for_modal()
        assert (await alice.submit(modal, {"chosen": "60"})).ok, "a modal is answered over the socket"
        assert (await store.load(ID)).triage.snoozed_until
        for task in (listening, answers):
            task.cancel()
        await asyncio.gather(listening, answers, return_exceptions=True)
