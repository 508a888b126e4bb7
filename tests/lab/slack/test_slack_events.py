"""What people do reaches the app as an event, if it subscribes to it, and is sent again until it is taken."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from lab.slack.app.manifest import AppManifest, Shortcut
from lab.slack.app.reactions import put_reaction
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import actions, button, field, home, plain
from tests.lab.slack.conftest import Serve
from tests.waiting import until

INCIDENTS = "C0INCIDENT"
BOT = "U0NEUMANN1"
SHORTCUTS = (
    Shortcut("Explain this", "explain", "message"),
    Shortcut("Open an incident", "open", "global"),
)
EVENTS = {"app_mention", "reaction_added", "reaction_removed", "app_home_opened", "message.im"}


@pytest.fixture
async def slack() -> AsyncIterator[SlackWorkspaceServer]:
    """A workspace whose app hears of more, and whose retries come soon."""
    manifest = AppManifest(bot_events=frozenset(EVENTS), shortcuts=SHORTCUTS)
    async with SlackWorkspaceServer(
        manifest=manifest, ack_timeout_s=1.0, event_retries_s=(0.0, 0.1, 0.1)
    ) as server:
        yield server


def collect(bolt: AsyncApp, *kinds: str) -> list[Any]:
    heard: list[Any] = []
    for kind in kinds:

        @bolt.event(kind)
        async def hear(event: dict[str, Any], body: dict[str, Any]) -> None:
            heard.append({**event, "event_id": body["event_id"]})

    return heard


async def test_reactions_of_people_and_of_the_bot_are_heard(
    bolt: AsyncApp, slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person, bob: Person
) -> None:
    sent: list[Any] = []
    slack.workspace.event_listeners.append(sent.append)
    heard = collect(bolt, "reaction_added", "reaction_removed")
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x")
    ts = posted["ts"]
    assert (await alice.react(ts, "eyes")).ok
    assert (await bob.react(ts, "eyes")).ok
    put_reaction(slack.workspace, slack.workspace.message(INCIDENTS, ts), BOT, "white_check_mark")
    assert (await alice.react(ts, "eyes")).ok, "once more takes it back"
    reactions = [(each["type"], each["user"], each["reaction"]) for each in sent if "reaction" in each]
    assert reactions == [
        ("reaction_added", "U0ALICE001", "eyes"),
        ("reaction_added", "U0BOB00001", "eyes"),
        ("reaction_added", BOT, "white_check_mark"),
        ("reaction_removed", "U0ALICE001", "eyes"),
    ]
    await until(lambda: len(heard) == 3)
    assert BOT not in {each["user"] for each in heard}, "Bolt keeps an app's own events from it"
    assert heard[0]["item"] == {"type": "message", "channel": INCIDENTS, "ts": ts}
    (seen,) = await alice.messages()
    assert seen["reactions"] == [
        {"name": "eyes", "users": ["U0BOB00001"], "count": 1},
        {"name": "white_check_mark", "users": [BOT], "count": 1},
    ]
    assert (await alice.react(ts, "no such emoji")).error == "invalid_name"


async def test_a_mention_is_heard_in_a_channel_and_a_message_in_the_direct_one(
    bolt: AsyncApp, slack: SlackWorkspaceServer, alice: Person
) -> None:
    heard = collect(bolt, "app_mention", "message")
    await alice.write("nothing for the bot")
    await alice.write("@neumann-bot status")
    async with Person(slack.url, "alice", channel="D0ALICE001") as direct:
        await direct.write("@neumann-bot status")
    await until(lambda: len(heard) == 2)
    assert sorted((each["type"], each["channel_type"]) for each in heard) == [
        ("app_mention", "channel"),
        ("message", "im"),
    ]


async def test_a_mention_where_the_bot_is_not_is_not_heard(
    bolt: AsyncApp, slack: SlackWorkspaceServer
) -> None:
    heard = collect(bolt, "app_mention")
    async with Person(slack.url, "alice", channel="general") as alice:
        assert (await alice.write("@neumann-bot status")).ok
        alice.channel = "neumann-incidents"
        await alice.write("@neumann-bot status")
    await until(lambda: heard)
    assert [each["channel"] for each in heard] == [INCIDENTS]


async def test_the_home_tab_is_published_when_it_is_opened_and_its_buttons_act(
    bolt: AsyncApp, client: AsyncWebClient, alice: Person, bob: Person
) -> None:
    pressed: list[Any] = []

    @bolt.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=home(actions(button()), field()))

    @bolt.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        pressed.append(body)

    assert await alice.home() is None
    assert (await alice.open_home()).ok
    await until(alice.home)
    view = await alice.home()
    assert view is not None
    assert (await alice.click_in_modal(view, "Go", {"plain_text_input": "typed"})).ok
    assert await bob.home() is None
    assert (await bob.click_in_modal(view, "Go")).error == "not_found", "nobody presses in another's tab"
    (body,) = pressed
    assert (body["view"]["type"], body["container"]["view_id"]) == ("home", view["id"])
    entered = body["view"]["state"]["values"][view["blocks"][1]["block_id"]]["plain_text_input"]
    assert entered["value"] == "typed"

    changed = await client.views_publish(user_id="U0ALICE001", view=home(), hash=view["hash"])
    assert changed["view"]["id"] == view["id"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_publish(user_id="U0ALICE001", view=home(), hash=view["hash"])
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.views_publish(user_id="U0NOBODY", view=home())


async def test_an_app_without_a_home_tab_publishes_none() -> None:
    async with SlackWorkspaceServer(manifest=AppManifest(has_home=False)) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/")
        with pytest.raises(SlackApiError, match="not_enabled"):
            await client.views_publish(user_id="U0ALICE001", view=home())


async def test_shortcuts_on_a_message_and_anywhere_open_a_modal(
    bolt: AsyncApp, client: AsyncWebClient, alice: Person
) -> None:
    seen: list[Any] = []

    async def answer(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.append(body)
        view = {"type": "modal", "title": plain(body["callback_id"]), "blocks": []}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    bolt.shortcut("explain")(answer)
    bolt.shortcut("open")(answer)
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="No leader"))["ts"]
    assert (await alice.shortcut("explain", ts)).ok
    assert (await alice.wait_for_modal())["title"]["text"] == "explain"
    assert (await alice.shortcut("open")).ok
    assert (await alice.wait_for_modal(predicate=lambda view: view["title"]["text"] == "open"))["id"]
    on_message, anywhere = seen
    assert (on_message["type"], on_message["message"]["text"]) == ("message_action", "No leader")
    assert (on_message["channel"]["id"], on_message["message_ts"]) == (INCIDENTS, ts)
    assert (anywhere["type"], "message" in anywhere) == ("shortcut", False)
    assert (await alice.shortcut("open", ts)).error == "shortcut_not_found", "it is no message's"


@pytest.mark.process
@pytest.mark.parametrize(("refusals", "no_retry"), [(0, False), (2, False), (9, False), (9, True)])
async def test_an_event_is_sent_again_until_it_is_taken(
    slack: SlackWorkspaceServer, alice: Person, serve: Serve, refusals: int, no_retry: bool
) -> None:
    got: list[tuple[str, str | None]] = []

    async def endpoint(request: Request) -> Response:
        event_id = (await request.json())["event_id"]
        got.append((event_id, request.headers.get("x-slack-retry-num")))
        headers = {"X-Slack-No-Retry": "1"} if no_retry else {}
        return Response(status_code=500 if len(got) <= refusals else 200, headers=headers)

    slack.bot_request_url = await serve(endpoint)
    await alice.write("@neumann-bot status")
    wanted = 1 if no_retry else min(refusals, 3) + 1
    await until(lambda: len(got) == wanted)
    await asyncio.sleep(0.4)  # a fourth retry would have come by now
    assert [number for _, number in got] == [None, "1", "2", "3"][:wanted]
    assert len({event_id for event_id, _ in got}) == 1, "the same event, so that it can be told"
