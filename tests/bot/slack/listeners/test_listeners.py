"""From the workspace through Bolt to the handlers and back: commands, buttons, the modal, and refusals."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot import main as wiring
from bot.config import Settings
from bot.slack.delivery.thread_sync import SlackThread
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from lab.cluster.cluster import Lab
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from lab.slack.shapes import Json
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.worker.working import answering
from tests.builders import diagnosed, opened

ID = "inc-1"


@pytest.fixture(autouse=True)
async def bot(settings: Settings, slack: SlackWorkspaceServer) -> AsyncIterator[wiring.Bot]:
    async with wiring.build(settings) as built, answering(built) as slack.bot_request_url:
        yield built


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[TimelineStore]:
    redis = connect(settings.redis.url)
    yield TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    await redis.aclose()


@pytest.fixture
async def findings(
    store: TimelineStore, settings: Settings, slack_client: AsyncWebClient, slack: SlackWorkspaceServer
) -> Json:
    """A diagnosed incident stands in its thread, with its button."""
    incident = await store.append(Incident(id=ID), opened(), *diagnosed(incidents.quorum_loss()))
    for offer in incident.offers:
        await store.remember_handle(offer.handle, ID)
    redis = connect(settings.redis.url)
    await SlackThread(slack_client, redis, settings.redis.prefix, lambda _: INCIDENTS).sync(incident)
    await redis.aclose()
    return {"ts": slack.workspace.messages[1].ts}


async def answer(person: Person, command: str) -> str:
    """What the person gets to see, and nobody else does."""
    before = len(await person.messages())
    outcome = await person.command(command)
    assert outcome.ok, outcome.error
    said = await person.wait_for_message(lambda _: True) if before == 0 else None
    while said is None:
        messages = await person.messages()
        said = messages[before] if len(messages) > before else None
        await asyncio.sleep(0.02)
    return plain_text(said)


@pytest.mark.process
async def test_help_lists_what_there_is_for_who_asked(alice: Person, bob: Person) -> None:
    for words in ("/neumann help", "/neumann"):
        said = await answer(alice, words)
        assert "/neumann election status [&lt;cluster&gt;]" in said
        assert "clusters: demo" in said
    assert await bob.messages() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "electoin status",
            "There is no `/neumann electoin status`: did you mean `/neumann election status`?",
        ),
        ("xyzzy", "There is no `/neumann xyzzy`: `/neumann help` lists what there is."),
        ("election status prod", "No cluster prod is configured: demo."),
        ("election status demos", "Did you mean demo?"),
    ],
)
async def test_what_is_not_understood_gets_a_suggestion(alice: Person, typed: str, said: str) -> None:
    assert said in await answer(alice, f"/neumann {typed}")


@pytest.mark.process
async def test_status_is_read_live_for_anybody(bob: Person, lab: Lab) -> None:
    said = await answer(bob, "/neumann election status")
    assert f"{await lab.leader()} leads term" in said
    assert "Can it elect?* yes" in said
    assert "node2" in said


async def test_a_click_shows_the_exact_plan_and_a_confirmation_starts_it_once(
    alice: Person, findings: Json, store: TimelineStore
) -> None:
    assert (await alice.click(findings["ts"], "Start stopped nodes")).ok
    modal = await alice.wait_for_modal()
    assert "systemctl start neumann" in plain_text(modal)
    proposed = await store.load(ID)
    assert len(proposed.proposals) == 1
    assert proposed.run is None, "to look is not to confirm"

    assert (await alice.submit(modal)).ok
    assert await alice.modal() is None
    run = (await store.load(ID)).run
    assert run
    assert (run.confirmed_by.name, run.ended) == ("alice", None)


async def test_the_second_to_confirm_is_told_who_was_first(
    slack: SlackWorkspaceServer, alice: Person, findings: Json, store: TimelineStore
) -> None:
    async with Person(slack.url, "carol") as carol:
        for person in (alice, carol):
            assert (await person.click(findings["ts"], "Start stopped nodes")).ok
        modals = [await person.wait_for_modal() for person in (alice, carol)]
        outcomes = await asyncio.gather(alice.submit(modals[0]), carol.submit(modals[1]))
        assert [outcome.ok for outcome in outcomes] == [True, True]
        left = [view for view in (await alice.modal(), await carol.modal()) if view]
    assert len((await store.load(ID)).runs) == 1
    assert len(left) == 1
    assert "has confirmed a plan; it is running" in plain_text(left[0])


@pytest.mark.parametrize("user", ["bob", "dave"])
async def test_who_may_not_gets_a_sentence_and_nothing_is_stored(
    slack: SlackWorkspaceServer, findings: Json, store: TimelineStore, user: str
) -> None:
    async with Person(slack.url, user) as person:
        await person.click(findings["ts"], "Start stopped nodes")
        said = await person.wait_for_message(
            lambda message: "on-call" in str(message) or "guest" in str(message)
        )
        assert await person.modal() is None
    why = {"bob": "Only the on-call group of this cluster may do that", "dave": "A guest may not act"}[user]
    assert why in plain_text(said)
    assert said["thread_ts"] == slack.workspace.messages[0].ts, "where the button is"
    assert (await store.load(ID)).proposals == {}


async def test_a_plan_that_was_opened_by_one_is_not_confirmed_by_who_may_not(
    slack: SlackWorkspaceServer, alice: Person, findings: Json, store: TimelineStore
) -> None:
    await alice.click(findings["ts"], "Start stopped nodes")
    modal = await alice.wait_for_modal()
    slack.faults.calls_to_fail = 1
    assert (await alice.submit(modal)).ok
    refusal = await alice.modal()
    assert refusal
    assert "Slack does not say who you are" in plain_text(refusal)
    assert (await store.load(ID)).run is None, "no answer is a no"


async def post_button(slack: SlackWorkspaceServer, client: AsyncWebClient, action_id: str, value: str) -> str:
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Go"},
        "action_id": action_id,
        "value": value,
    }
    posted = await client.chat_postMessage(
        channel=INCIDENTS, text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    return str(posted["ts"])


async def test_a_button_of_another_version_gets_a_sentence(
    slack: SlackWorkspaceServer, slack_client: AsyncWebClient, alice: Person
) -> None:
    ts = await post_button(slack, slack_client, "retired", "x")
    assert (await alice.click(ts, "Go")).ok
    said = await alice.wait_for_message(lambda message: "another version" in message["text"])
    assert "/neumann help" in said["text"]


async def test_a_button_that_nobody_knows_and_one_that_was_moved_are_refused(
    slack: SlackWorkspaceServer,
    slack_client: AsyncWebClient,
    alice: Person,
    findings: Json,
    store: TimelineStore,
) -> None:
    made_up = await post_button(slack, slack_client, "remedy:start_nodes", secrets.token_urlsafe(16))
    handle = (await store.load(ID)).offers[0].handle
    moved = await post_button(slack, slack_client, "remedy:start_nodes", handle)
    for ts in (made_up, moved):
        before = len(await alice.messages())
        assert (await alice.click(ts, "Go")).ok
        said = await alice.wait_for_message(lambda message: "belongs to no incident" in message["text"])
        assert said
        assert len(await alice.messages()) == before + 1
    assert (await store.load(ID)).proposals == {}
