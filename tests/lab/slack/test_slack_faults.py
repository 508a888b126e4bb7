"""The Web API fails on demand: by method, by channel, so many times, in Slack's manner."""

import json
import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import faults
from lab.slack.app.manifest import AppManifest
from lab.slack.server import SlackWorkspaceServer

INCIDENTS = "C0INCIDENT"


async def texts(client: AsyncWebClient) -> list[str]:
    history = await client.conversations_history(channel=INCIDENTS)
    return [message["text"] for message in history["messages"]]


async def post(client: AsyncWebClient, text: str = "x", channel: str = INCIDENTS) -> Any:
    return await client.chat_postMessage(channel=channel, text=text)


async def refusal(client: AsyncWebClient, channel: str = INCIDENTS) -> Any:
    with pytest.raises(SlackApiError) as failed:
        await post(client, channel=channel)
    return failed.value.response


@pytest.mark.process
async def test_429_says_how_long_to_wait_and_a_client_that_waits_gets_through(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.workspace.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=7)
    limited = await refusal(client)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert await texts(client) == []

    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    slack.workspace.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=1, times=2)
    started_s = time.monotonic()
    await post(client)
    assert time.monotonic() - started_s >= 2


async def test_a_fault_is_of_one_method_or_of_all(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.workspace.fail("chat.update", faults.SERVER_ERROR, status=503)
    posted = await post(client)
    with pytest.raises(SlackApiError) as failed:
        await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="y")
    assert failed.value.response.status_code == 503
    slack.workspace.fail(faults.EVERY_METHOD, faults.SERVER_ERROR, times=2)
    assert (await refusal(client)).status_code == 500
    with pytest.raises(SlackApiError):
        await client.auth_test()
    assert await texts(client) == ["x"]


async def test_a_fault_can_be_of_one_channel_and_last_until_it_is_cleared(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    fault = slack.workspace.fail("chat.postMessage", "is_archived", channel=INCIDENTS, times=None)
    assert (await refusal(client))["error"] == "is_archived"
    await post(client, channel="D0ALICE001")
    assert (await refusal(client))["error"] == "is_archived"
    slack.faults.clear(fault.id)
    await post(client)
    assert slack.faults.active == []


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found", "fatal_error", "account_inactive"])
async def test_any_of_slacks_errors_can_be_had(
    slack: SlackWorkspaceServer, client: AsyncWebClient, error: str
) -> None:
    slack.workspace.fail("chat.postMessage", error)
    assert (await refusal(client))["error"] == error
    await post(client)


@pytest.mark.process
async def test_a_lost_answer_is_a_cut_connection_and_the_official_client_then_posts_twice(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.workspace.fail("chat.postMessage", faults.ANSWER_LOST)
    await post(client, "twice")
    assert await texts(client) == ["twice", "twice"]

    client.retry_handlers.clear()
    slack.workspace.fail("chat.postMessage", faults.ANSWER_LOST)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(client, "once")
    assert (await texts(client)).count("once") == 1


@pytest.mark.parametrize("kind", sorted(faults.UNREADABLE))
async def test_whatever_stands_before_slack_may_answer_in_its_place(
    slack: SlackWorkspaceServer, client: AsyncWebClient, kind: str
) -> None:
    slack.workspace.fail("chat.postMessage", kind)
    try:
        answer = await post(client, "once")
    except (SlackApiError, AttributeError):
        pass  # that is what the official client makes of them
    else:
        assert answer.data == json.loads(faults.UNREADABLE[kind][2])
    assert await texts(client) == ["once"], "it is done all the same"


async def test_a_gateways_timeout_comes_after_the_deed(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    slack.faults.answers_to_lose = 1
    assert slack.faults.answers_to_lose == 1
    assert (await refusal(client)).status_code == 504
    assert await texts(client) == ["x"]
    assert slack.faults.answers_to_lose == 0


@pytest.mark.process
async def test_a_slow_method_is_slow_and_done(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    slack.workspace.fail("chat.postMessage", faults.SLOW, delay_s=0.3)
    started_s = time.monotonic()
    await post(client)
    assert time.monotonic() - started_s >= 0.3
    assert await texts(client) == ["x"]


@pytest.mark.process
async def test_slow_and_lost_at_once(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    client.retry_handlers.clear()
    slack.workspace.fail("*", faults.SLOW, delay_s=0.2)
    slack.workspace.fail("chat.postMessage", faults.ANSWER_LOST)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(client)
    assert await texts(client) == ["x"]


async def test_a_missing_scope_is_named(slack: SlackWorkspaceServer, client: AsyncWebClient) -> None:
    slack.workspace.fail("chat.postMessage", "missing_scope")
    missing = await refusal(client)
    assert (missing["error"], missing["needed"]) == ("missing_scope", "chat:write")


async def test_an_app_may_do_what_its_manifest_asks_for() -> None:
    manifest = AppManifest(scopes=frozenset({"channels:history", "users:read"}))
    async with SlackWorkspaceServer(manifest=manifest) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/")
        await client.users_info(user="U0ALICE001")
        await client.auth_test()
        missing = await refusal(client)
    assert missing["needed"] == "chat:write"
    assert missing["provided"] == "channels:history,users:read"
