"""Updating, deleting, whispering: as Slack does it, not as one would think."""

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import DIVIDER, actions, button, mrkdwn, section

INCIDENTS = "C0INCIDENT"
ALICE = "U0ALICE001"


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as refusal:
        await call
    return str(refusal.value.response["error"])


UPDATES: dict[str, tuple[dict[str, Any], list[str], str, bool]] = {
    "a text alone takes the blocks away, and is marked": ({"text": "new"}, [], "new", True),
    "blocks alone leave the text": ({"blocks": [DIVIDER]}, ["divider"], "old", False),
    "both are both": ({"text": "new", "blocks": [DIVIDER]}, ["divider"], "new", False),
    "no blocks and a text": ({"text": "new", "blocks": []}, [], "new", False),
    "attachments leave text and blocks": ({"attachments": [{"text": "a"}]}, ["actions"], "old", False),
}


@pytest.mark.parametrize("name", UPDATES)
async def test_what_an_update_leaves(client: AsyncWebClient, alice: Person, name: str) -> None:
    change, kinds, text, is_marked = UPDATES[name]
    posted = await client.chat_postMessage(channel=INCIDENTS, text="old", blocks=[actions(button())])
    await client.api_call("chat.update", json={"channel": INCIDENTS, "ts": posted["ts"], **change})
    (seen,) = await alice.messages()
    assert [block["type"] for block in seen.get("blocks", [])] == kinds
    assert (seen["text"], "edited" in seen) == (text, is_marked)


async def test_a_whisper_is_not_updated(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    whisper = slack.workspace.post(INCIDENTS, "U0NEUMANN1", {"text": "only you"}, ephemeral_to=ALICE)
    call = client.chat_update(channel=INCIDENTS, ts=whisper.ts, text="x")
    assert await refused(call) == "message_not_found"


async def test_an_update_takes_the_direct_messages_own_id(client: AsyncWebClient) -> None:
    direct = await client.chat_postMessage(channel=ALICE, text="to you")
    assert direct["channel"] == "D0ALICE001"
    assert await refused(client.chat_update(channel=ALICE, ts=direct["ts"], text="x")) == "channel_not_found"
    await client.chat_update(channel=direct["channel"], ts=direct["ts"], text="x")


async def test_a_deleted_parent_leaves_a_tombstone_above_its_replies(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person
) -> None:
    def delete(ts: str) -> None:
        slack.workspace.delete(slack.workspace.message(INCIDENTS, ts))

    parent = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    reply = await client.chat_postMessage(channel=INCIDENTS, text="reply", thread_ts=parent["ts"])
    delete(parent["ts"])
    tombstone, left = (await client.conversations_replies(channel=INCIDENTS, ts=parent["ts"]))["messages"]
    assert (tombstone["subtype"], tombstone["text"]) == ("tombstone", "This message was deleted.")
    assert left["ts"] == reply["ts"]
    delete(reply["ts"])
    assert [message["ts"] for message in await alice.messages()] == [parent["ts"]]


@pytest.mark.parametrize("has_replies", [True, False])
async def test_a_reply_to_what_was_deleted_lands_outside_or_below_or_nowhere(
    slack: SlackWorkspaceServer, client: AsyncWebClient, has_replies: bool
) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    if has_replies:
        await client.chat_postMessage(channel=INCIDENTS, text="reply", thread_ts=parent["ts"])
    async with Person(slack.url, "alice") as alice, Person(slack.url, "erin") as erin:
        assert (await alice.delete(parent["ts"])).error == "cant_delete_message"
        assert (await erin.delete(parent["ts"])).ok

    async def reply() -> Any:
        return await client.chat_postMessage(channel=INCIDENTS, text="late", thread_ts=parent["ts"])

    assert "thread_ts" not in (await reply())["message"]
    slack.workspace.replies_to_deleted = "refused"
    assert await refused(reply()) == "thread_not_found"
    slack.workspace.replies_to_deleted = "below"
    if has_replies:
        assert (await reply())["message"]["thread_ts"] == parent["ts"]


async def test_an_app_deletes_its_own_messages(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    own = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    theirs = slack.workspace.post(INCIDENTS, ALICE, {"text": "mine"})
    await client.chat_delete(channel=INCIDENTS, ts=own["ts"])
    assert await refused(client.chat_delete(channel=INCIDENTS, ts=theirs.ts)) == "cant_delete_message"
    assert slack.workspace.messages == [theirs]


async def test_a_workspace_may_forbid_edits(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    slack.workspace.edit_window_s = 0.0
    edit = client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="x")
    assert await refused(edit) == "edit_window_closed"


async def test_without_a_messages_tab_an_app_writes_to_nobody(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.workspace.manifest = replace(slack.workspace.manifest, has_messages_tab=False)
    assert await refused(client.chat_postMessage(channel=ALICE, text="x")) == "messages_tab_disabled"


async def test_a_reply_is_no_parent(client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    reply = await client.chat_postMessage(channel=INCIDENTS, text="reply", thread_ts=parent["ts"])
    call = client.chat_postMessage(channel=INCIDENTS, text="x", thread_ts=reply["ts"])
    assert await refused(call) == "cannot_reply_to_message"


async def test_an_archived_channel_is_read_and_not_written(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person
) -> None:
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x")
    ts = posted["ts"]
    slack.workspace.archive("neumann-incidents")
    assert await refused(client.chat_postMessage(channel=INCIDENTS, text="x")) == "is_archived"
    assert await refused(client.chat_update(channel=INCIDENTS, ts=ts, text="x")) == "is_inactive"
    assert len((await client.conversations_history(channel=INCIDENTS))["messages"]) == 1
    assert (await alice.write("hello")).error == "is_archived"
    slack.workspace.archive("neumann-incidents", is_archived=False)
    assert (await alice.write("hello")).ok


async def test_a_bot_that_was_taken_out_neither_writes_nor_reads(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.workspace.remove_bot("neumann-incidents")
    assert await refused(client.chat_postMessage(channel=INCIDENTS, text="x")) == "not_in_channel"
    assert await refused(client.conversations_history(channel=INCIDENTS)) == "not_in_channel"
    slack.workspace.remove_bot("neumann-incidents", is_removed=False)
    await client.chat_postMessage(channel=INCIDENTS, text="x")


async def test_history_by_page_and_by_time(client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="0")
    ids = [
        (await client.chat_postMessage(channel=INCIDENTS, text=str(n), thread_ts=parent["ts"]))["ts"]
        for n in range(1, 6)
    ]
    thread = {"channel": INCIDENTS, "ts": parent["ts"]}
    first = await client.conversations_replies(**thread, limit=4)
    assert [message["text"] for message in first["messages"]] == ["0", "1", "2", "3"]
    rest = await client.conversations_replies(
        **thread, limit=4, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [message["text"] for message in rest["messages"]] == ["4", "5"]
    assert rest["has_more"] is False
    between = await client.conversations_replies(**thread, oldest=ids[1], latest=ids[3])
    assert [message["text"] for message in between["messages"]] == ["3"]
    edges = await client.conversations_replies(**thread, oldest=ids[1], latest=ids[3], inclusive=True)
    assert [message["text"] for message in edges["messages"]] == ["2", "3", "4"]


async def test_a_permalink_leads_into_the_thread(client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="x")
    reply = await client.chat_postMessage(channel=INCIDENTS, text="y", thread_ts=parent["ts"])
    link = (await client.chat_getPermalink(channel=INCIDENTS, message_ts=reply["ts"]))["permalink"]
    assert link.endswith(f"/p{reply['ts'].replace('.', '')}?thread_ts={parent['ts']}&cid={INCIDENTS}")


async def test_a_reading_method_takes_no_json(client: AsyncWebClient) -> None:
    call = client.api_call("conversations.history", json={"channel": INCIDENTS})
    assert await refused(call) == "invalid_arguments"
    assert (await client.api_call("conversations.history", data={"channel": INCIDENTS}))["messages"] == []


async def test_a_message_in_a_section_is_shown_as_it_was_sent(client: AsyncWebClient, alice: Person) -> None:
    text = "<!channel> & *b* `c`"
    await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[section(text=mrkdwn(text))])
    (seen,) = await alice.messages()
    assert seen["blocks"][0]["text"]["text"] == text
