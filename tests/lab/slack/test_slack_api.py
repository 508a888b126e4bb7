"""The official client works against the workspace, and is refused where Slack would refuse it."""

import json
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.methods.table import METHODS
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer

INCIDENTS = "C0INCIDENT"
BUTTONS = [
    {
        "type": "actions",
        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}],
    }
]


async def test_the_bot_posts_a_thread_edits_it_and_reads_it_back(client: AsyncWebClient) -> None:
    metadata = {"event_type": "incident", "event_payload": {"incident": "INC-1"}}
    parent = await client.chat_postMessage(channel=INCIDENTS, text="No leader", metadata=metadata)
    reply = await client.chat_postMessage(
        channel=parent["channel"], thread_ts=parent["ts"], text="fallback", blocks=BUTTONS
    )
    await client.chat_update(channel=INCIDENTS, ts=reply["ts"], text="reading done", metadata={})

    thread = (await client.conversations_replies(channel=INCIDENTS, ts=parent["ts"])).data
    assert isinstance(thread, dict)
    assert [message["text"] for message in thread["messages"]] == ["No leader", "reading done"]
    first, second = thread["messages"]
    assert (first["reply_count"], second["edited"]["user"]) == (1, "U0NEUMANN1")
    assert "blocks" not in second, "a text without blocks takes the blocks away"
    assert "metadata" not in first, "metadata comes only when asked for"

    known = await client.conversations_history(channel=INCIDENTS, include_all_metadata=True)
    assert [message.get("metadata") for message in known["messages"]] == [metadata]


async def test_messages_have_increasing_ids_and_the_time_they_came_in(
    client: AsyncWebClient, alice: Person
) -> None:
    ids = [(await client.chat_postMessage(channel=INCIDENTS, text=str(n)))["ts"] for n in range(20)]
    assert ids == sorted(set(ids))
    received = [message["received_monotonic_s"] for message in await alice.messages()]
    assert received == sorted(received)
    assert received[0] > 0


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("channel_not_found", "chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}),
    ("not_in_channel", "chat.postMessage", {"channel": "#general", "text": "x"}),
    ("no_text", "chat.postMessage", {"channel": INCIDENTS}),
    ("thread_not_found", "chat.postMessage", {"channel": INCIDENTS, "text": "x", "thread_ts": "1.000001"}),
    ("invalid_blocks", "chat.postMessage", {"channel": INCIDENTS, "blocks": [{"type": "nonsense"}]}),
    ("message_not_found", "chat.update", {"channel": INCIDENTS, "ts": "1.000001", "text": "x"}),
    ("thread_not_found", "conversations.replies", {"channel": INCIDENTS, "ts": "1.000001"}),
    ("no_such_subteam", "usergroups.users.list", {"usergroup": "S0NOBODY"}),
    ("user_not_found", "users.info", {"user": "U0NOBODY"}),
    ("invalid_trigger_id", "views.open", {"trigger_id": "1.2.3", "view": {}}),
    ("unknown_method", "chat.postTelegram", {"channel": INCIDENTS}),
]


@pytest.mark.parametrize(("error", "method", "arguments"), REFUSED)
async def test_the_api_refuses_in_slacks_words(
    client: AsyncWebClient, error: str, method: str, arguments: dict[str, Any]
) -> None:
    if method == "views.open":
        title = {"type": "plain_text", "text": "T"}
        arguments = {**arguments, "view": {"type": "modal", "title": title, "blocks": []}}
    takes_json = method not in METHODS or METHODS[method].takes_json
    sent: dict[str, Any] = {"json" if takes_json else "params": arguments}
    with pytest.raises(SlackApiError) as refusal:
        await client.api_call(method, **sent)
    assert refusal.value.response["error"] == error


async def test_invalid_blocks_are_explained(client: AsyncWebClient) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    with pytest.raises(SlackApiError) as refusal:
        await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
    explained = refusal.value.response["response_metadata"]["messages"]
    assert explained == ["[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"]


async def test_an_update_is_bound_to_4000_characters_and_to_ones_own_messages(
    client: AsyncWebClient, bob: Person
) -> None:
    mine = await client.chat_postMessage(channel=INCIDENTS, text="mine")
    await bob.write("bob's")
    his = (await bob.messages())[-1]
    for ts, text, error in (
        (mine["ts"], "x" * 4001, "msg_too_long"),
        (his["ts"], "x", "cant_update_message"),
    ):
        with pytest.raises(SlackApiError, match=error):
            await client.chat_update(channel=INCIDENTS, ts=ts, text=text)


async def test_the_token_is_checked(slack: SlackWorkspaceServer) -> None:
    async with httpx.AsyncClient(base_url=f"{slack.url}/api/") as anyone:
        assert (await anyone.post("auth.test")).json()["error"] == "not_authed"
        headers = {"Authorization": "Bearer xoxb-wrong"}
        assert (await anyone.post("auth.test", headers=headers)).json()["error"] == "invalid_auth"
        in_query = {"token": slack.bot_token}
        assert (await anyone.get("auth.test", params=in_query)).json()["user_id"] == "U0NEUMANN1"


async def test_json_form_and_query_all_work(slack: SlackWorkspaceServer) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    message = {"channel": INCIDENTS, "text": "x", "blocks": json.dumps([{"type": "divider"}])}
    async with httpx.AsyncClient(base_url=f"{slack.url}/api/", headers=headers) as bot:
        answers = [
            await bot.post("chat.postMessage", data=message),
            await bot.get("chat.postMessage", params=message),
            await bot.post("chat.postMessage", json={**message, "blocks": [{"type": "divider"}]}),
        ]
        broken = await bot.post("chat.postMessage", data={**message, "blocks": "[{"})
    assert [answer.json()["message"]["blocks"][0]["type"] for answer in answers] == ["divider"] * 3
    assert broken.json()["error"] == "invalid_blocks_format"


async def test_an_ephemeral_message_is_seen_by_one_and_is_in_no_history(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person, bob: Person
) -> None:
    slack.workspace.post(INCIDENTS, "U0NEUMANN1", {"text": "only you"}, ephemeral_to="U0ALICE001")
    assert [message["text"] for message in await alice.messages()] == ["only you"]
    assert await bob.messages() == []
    assert (await client.conversations_history(channel=INCIDENTS))["messages"] == []


async def test_who_is_who(client: AsyncWebClient) -> None:
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == ["U0ALICE001", "U0CAROL001"]
    members = await client.usergroups_users_list(usergroup=groups["usergroups"][0]["id"])
    assert members["users"] == ["U0ALICE001", "U0CAROL001"]
    guest = await client.users_info(user="U0DAVE0001")
    assert guest["user"]["is_restricted"] is True


async def test_links_and_direct_messages(client: AsyncWebClient, alice: Person) -> None:
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x")
    link = await client.chat_getPermalink(channel=INCIDENTS, message_ts=posted["ts"])
    async with httpx.AsyncClient() as browser:
        assert "<title>" in (await browser.get(link["permalink"])).text
    direct = await client.chat_postMessage(channel="U0ALICE001", text="to you")
    assert [message["text"] for message in await alice.messages(direct["channel"])] == ["to you"]
