"""Everything works the same when the app opens a socket in place of listening."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import actions, button, field, form
from tests.waiting import until

INCIDENTS = "C0INCIDENT"


@pytest.fixture
async def socketed(slack: SlackWorkspaceServer, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A Bolt app on the official Socket Mode client."""
    app = AsyncApp(client=client)
    app_client = AsyncWebClient(token=slack.app_token, base_url=f"{slack.url}/api/")
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=app_client, ping_interval=0.2)
    await handler.connect_async()
    await until(lambda: slack.sockets.is_connected)
    yield app
    await handler.close_async()


@pytest.mark.process
async def test_commands_clicks_modals_and_events_come_through_the_socket(
    socketed: AsyncApp, slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person
) -> None:
    mentioned = asyncio.Event()

    @socketed.command("/neumann")
    async def command(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"you asked {command['text']}")

    @socketed.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = form(field(block_id="why"), callback_id="confirm")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @socketed.view("confirm")
    async def confirm(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"why": "Too short."})

    @socketed.event("app_mention")
    async def mention(event: dict[str, Any]) -> None:
        mentioned.set()

    assert slack.bot_request_url is None, "the app listens nowhere"
    assert (await alice.command("/neumann help")).ok
    assert (await alice.wait_for_message(lambda m: m["is_ephemeral"]))["text"] == "you asked help"
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[actions(button())])
    assert (await alice.click(posted["ts"], "Go")).ok
    view = await alice.wait_for_modal()
    assert (await alice.submit(view, {"why": "x"})).errors == {"why": "Too short."}
    await alice.write("@neumann-bot hello")
    async with asyncio.timeout(10):
        await mentioned.wait()


async def test_the_app_comes_back_after_slack_said_goodbye(
    socketed: AsyncApp, slack: SlackWorkspaceServer, alice: Person
) -> None:
    @socketed.command("/neumann")
    async def command(ack: AsyncAck) -> None:
        await ack("here")

    await slack.sockets.disconnect("refresh_requested")
    assert not slack.sockets.is_connected

    async def is_answered() -> bool:
        return (await alice.command("/neumann help")).ok

    await until(is_answered)


async def opened(slack: SlackWorkspaceServer, session: aiohttp.ClientSession) -> Any:
    client = AsyncWebClient(token=slack.app_token, base_url=f"{slack.url}/api/")
    return await session.ws_connect((await client.apps_connections_open(app_token=slack.app_token))["url"])


async def test_a_socket_says_hello_and_a_late_acknowledgement_counts_for_nothing(
    slack: SlackWorkspaceServer, alice: Person
) -> None:
    async with aiohttp.ClientSession() as session:
        link = await opened(slack, session)
        hello = await link.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        asking = asyncio.create_task(alice.command("/neumann help"))
        envelope = await link.receive_json()
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert envelope["payload"]["text"] == "help"
        assert (await asking).error == '/neumann failed with the error "operation_timeout"'
        await link.send_str(json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "late"}}))
        await link.send_str("not JSON")
        await slack.sockets.disconnect("warning")
        goodbye = await link.receive_json()
        assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "warning")
        assert slack.sockets.is_connected, "a warning comes before the end"
        await link.close()
        assert "late" not in [message["text"] for message in await alice.messages()]


async def test_each_envelope_goes_to_one_socket(slack: SlackWorkspaceServer, alice: Person) -> None:
    async with aiohttp.ClientSession() as session:
        links = [await opened(slack, session) for _ in range(2)]
        for number, link in enumerate(links, start=1):
            assert (await link.receive_json())["num_connections"] == number
        texts = []
        for number in range(4):
            asking = asyncio.create_task(alice.command(f"/neumann {number}"))
            waiting = {asyncio.create_task(link.receive_json()): link for link in links}
            done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            (received,) = done
            envelope = received.result()
            texts.append(envelope["payload"]["text"])
            await waiting[received].send_json({"envelope_id": envelope["envelope_id"]})
            assert (await asking).ok
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        assert texts == ["0", "1", "2", "3"]
        for link in links:
            await link.close()


async def test_a_socket_takes_the_apps_token_and_a_fresh_ticket(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=slack.bot_token)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.api_call("auth.test", headers={"Authorization": f"Bearer {slack.app_token}"})
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        link = await session.ws_connect(url)
        await link.close()
        for used_or_wrong in (url, url + "x"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(used_or_wrong)
