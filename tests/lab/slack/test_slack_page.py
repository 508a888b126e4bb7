"""The page's endpoints serve the lab's own page and programs, and nobody else; the server stops at once."""

import asyncio
import re
import time

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer

INCIDENTS = "C0INCIDENT"
HELLO = {"user": "alice", "channel": "neumann-incidents", "text": "hello"}


async def test_another_sites_page_cannot_act(slack: SlackWorkspaceServer, alice: Person) -> None:
    own = {"x-lab-page": "1"}
    async with httpx.AsyncClient(base_url=slack.url) as browser:
        for headers in ({}, {**own, "Origin": "https://evil.example"}, {**own, "Origin": "null"}):
            answer = await browser.post("/page/message", json=HELLO, headers=headers)
            assert answer.status_code == 403
        rebound = await browser.post("/page/message", json=HELLO, headers={**own, "Host": "evil.example"})
        assert rebound.status_code == 400
        assert await alice.messages() == []
        answer = await browser.post("/page/message", json=HELLO, headers={**own, "Origin": slack.url})
        assert answer.json()["ok"]
    assert [message["text"] for message in await alice.messages()] == ["hello"]


async def test_the_page_and_all_it_loads_come_from_here(slack: SlackWorkspaceServer) -> None:
    async with httpx.AsyncClient(base_url=slack.url) as browser:
        page = await browser.get("/")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in page.text.replace("http-equiv", "")
        styles = re.findall(r'href="(/page/[a-z_]+\.css)"', page.text)
        scripts = re.findall(r'src="(/page/[a-z_]+\.js)"', page.text)
        assert styles
        assert scripts
        for path in styles:
            assert (await browser.get(path)).status_code == 200
        for path in scripts:
            script = await browser.get(path)
            assert script.status_code == 200
            imported = re.findall(r'from "\./([a-z_]+\.js)"', script.text)
            scripts += [f"/page/{name}" for name in imported if f"/page/{name}" not in scripts]
        assert len(scripts) > 5


async def test_the_page_hears_of_every_change(slack: SlackWorkspaceServer, alice: Person) -> None:
    async with (
        httpx.AsyncClient(base_url=slack.url) as browser,
        browser.stream("GET", "/page/events") as events,
    ):
        lines = events.aiter_lines()
        first = await anext(lines)
        await alice.write("hello")
        async with asyncio.timeout(5):
            later = next(line for line in [await anext(lines), await anext(lines)] if line)
    assert first.startswith("data: ")
    assert int(later.removeprefix("data: ")) > int(first.removeprefix("data: "))


async def test_the_server_stops_while_pages_listen() -> None:
    async with httpx.AsyncClient() as browser:
        async with SlackWorkspaceServer() as slack:
            request = browser.build_request("GET", f"{slack.url}/page/events")
            events = await browser.send(request, stream=True)
            await anext(lines := events.aiter_lines())
            started_s = time.monotonic()
        assert time.monotonic() - started_s < 1.5, "it did not wait for the listener to be cut off"
        assert [line async for line in lines if line.startswith("data")], "the stream ended in good order"


async def test_the_page_makes_slack_fail_and_shows_what_fails(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person
) -> None:
    own = {"x-lab-page": "1"}
    async with httpx.AsyncClient(base_url=slack.url, headers=own) as page:
        asked = {"method": "chat.postMessage", "kind": "ratelimited", "times": 0, "retry_after_s": 4}
        assert (await page.post("/page/fail", json=asked)).json()["ok"]
        for _ in range(2):
            with pytest.raises(SlackApiError) as limited:
                await client.chat_postMessage(channel=INCIDENTS, text="x")
            assert limited.value.response.headers["Retry-After"] == "4"
        (fault,) = (await alice.state())["faults"]
        assert (fault["method"], fault["calls_left"]) == ("chat.postMessage", None)
        await page.post("/page/clear", json={"id": fault["id"]})
        await client.chat_postMessage(channel=INCIDENTS, text="x")
        for what, error in (("archive", "is_archived"), ("invite", "not_in_channel")):
            is_wrong = what == "archive"
            await page.post(f"/page/{what}", json={"channel": INCIDENTS, "is_on": is_wrong})
            with pytest.raises(SlackApiError, match=error):
                await client.chat_postMessage(channel=INCIDENTS, text="x")
            await page.post(f"/page/{what}", json={"channel": INCIDENTS, "is_on": not is_wrong})
        await client.chat_postMessage(channel=INCIDENTS, text="x")
        assert (await page.post("/page/fail", json={"method": "*"})).json()["error"] == "invalid_arguments"


async def test_people_see_only_what_is_theirs(
    slack: SlackWorkspaceServer, alice: Person, bob: Person
) -> None:
    assert [each["is_im"] for each in (await alice.state())["channels"]] == [False, False, True]
    assert {each["id"] for each in (await bob.state())["channels"]} >= {"D0BOB00001"}
    async with httpx.AsyncClient(base_url=slack.url) as browser:
        assert (await browser.get("/page/state?user=mallory")).status_code == 404
