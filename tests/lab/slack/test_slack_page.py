"""The page's endpoints serve the lab's own page and programs, and nobody else; the server stops at once."""

import asyncio
import time

import httpx

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer

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
        for name in ("page.css", "page.js"):
            assert f"/page/{name}" in page.text
            assert (await browser.get(f"/page/{name}")).status_code == 200


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


async def test_people_see_only_what_is_theirs(
    slack: SlackWorkspaceServer, alice: Person, bob: Person
) -> None:
    assert [each["is_im"] for each in (await alice.state())["channels"]] == [False, False, True]
    assert {each["id"] for each in (await bob.state())["channels"]} >= {"D0BOB00001"}
    async with httpx.AsyncClient(base_url=slack.url) as browser:
        assert (await browser.get("/page/state?user=mallory")).status_code == 404
