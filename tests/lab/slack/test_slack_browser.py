"""The page in a real browser: every block is drawn, and no script fails."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import (
    acting,
    actions,
    button,
    card,
    container,
    context,
    field,
    form,
    header,
    mrkdwn,
    options,
    plain,
    plan,
    rich,
    section,
    table,
)
from tests.lab.slack.conftest import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
INCIDENTS = "C0INCIDENT"
EVERY_BLOCK = [
    header(plain("A header")),
    section(text=mrkdwn("*A section*"), accessory=button(text=plain("Beside it"))),
    section(fields=[mrkdwn("a field")]),
    context(mrkdwn("some context")),
    {"type": "divider"},
    actions(acting("static_select", **options(2)), acting("datepicker"), acting("overflow", **options(2))),
    table(rows=2, text="a cell"),
    plan(1),
    rich({"type": "text", "text": "rich words"}),
    card(title=plain("A card")),
    container(section(text=mrkdwn("within")), title=plain("A container"), is_collapsible=True),
]
WORDS = (
    "A header",
    "<strong>A section</strong>",
    "Beside it",
    "a field",
    "some context",
    "<hr>",
    "Option 1",
    'type="date"',
    "a cell",
    "rich words",
    "A card",
    "A container",
    "node1.log",
    'aria-label="eyes, 1"',
    "Only visible to you",
    "A label",
)


class Browser:
    """One page of a running Chromium, spoken to through its debugging port."""

    def __init__(self, link: aiohttp.ClientWebSocketResponse) -> None:
        self._link = link
        self._numbers = itertools.count(1)
        self.exceptions: list[str] = []

    async def call(self, method: str, **parameters: object) -> Any:
        number = next(self._numbers)
        await self._link.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._link.receive_json()
            if answer.get("method") == "Runtime.exceptionThrown":
                self.exceptions.append(str(answer["params"]["exceptionDetails"]))
            if answer.get("id") == number:
                return answer["result"]

    async def evaluate(self, script: str) -> Any:
        return (await self.call("Runtime.evaluate", expression=script))["result"].get("value")


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    argv = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}", "about:blank"]
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
    try:
        port_file = tmp_path / "DevToolsActivePort"
        await until(lambda: port_file.exists() and len(port_file.read_text().split()) == 2, 60)
        port = port_file.read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                (page,) = [each for each in await answer.json() if each["type"] == "page"]
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as link:
                browser = Browser(link)
                await browser.call("Runtime.enable")
                yield browser
                await browser.call("Browser.close")
    finally:
        if process.returncode is None:
            async with asyncio.timeout(20):
                await process.wait()


async def test_every_block_and_a_modal_are_drawn(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person, browser: Browser
) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=EVERY_BLOCK)
    ts = parent["ts"]
    await client.files_upload_v2(filename="node1.log", content="x", channel=INCIDENTS, thread_ts=ts)
    await alice.react(ts, "eyes")
    await client.chat_postEphemeral(channel=INCIDENTS, user="U0ALICE001", text="a whisper")
    slack.workspace.modals.open("U0ALICE001", form(field(label=plain("A label"))))
    await browser.call("Page.navigate", url=f"{slack.url}/?user=alice&thread={ts}")

    async def is_drawn() -> bool:
        return bool(await browser.evaluate("document.querySelector('#modal[open] .label') !== null"))

    await until(is_drawn, 60)
    page = await browser.evaluate("document.documentElement.outerHTML")
    for words in WORDS:
        assert words in page, words
    assert browser.exceptions == []


async def test_a_reaction_is_given_and_taken_back_on_the_page(
    client: AsyncWebClient, slack: SlackWorkspaceServer, alice: Person, browser: Browser
) -> None:
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x")
    await client.reactions_add(channel=INCIDENTS, timestamp=posted["ts"], name="eyes")
    await browser.call("Page.navigate", url=f"{slack.url}/?user=alice")

    async def count() -> int:
        (message,) = await alice.messages()
        return int(message["reactions"][0]["count"])

    async def is_shown(number: int) -> bool:
        script = "document.querySelector('.reaction')?.getAttribute('aria-label')"
        return bool(await browser.evaluate(script) == f"eyes, {number}")

    for number in (2, 1):
        await until(lambda shown=3 - number: is_shown(shown), 60)
        await browser.evaluate("document.querySelector('.reaction').click()")
        await until(lambda wanted=number: is_shown(wanted), 60)
        assert await count() == number
    assert browser.exceptions == []


async def test_a_canvas_opens_at_its_link(
    client: AsyncWebClient, slack: SlackWorkspaceServer, browser: Browser
) -> None:
    content = {"type": "markdown", "markdown": "# Report\n\n- no leader for 40 s"}
    made = await client.canvases_create(title="Report of inc-1", document_content=content)
    link = f"{slack.url}/docs/T0NEUMANN1/{made['canvas_id']}"
    await client.chat_postMessage(channel=INCIDENTS, text=f"<{link}|Open the canvas>")
    await client.canvases_access_set(
        canvas_id=made["canvas_id"], access_level="write", channel_ids=[INCIDENTS]
    )
    await browser.call("Page.navigate", url=link)

    async def is_open() -> bool:
        words = await browser.evaluate("document.querySelector('#canvas[open]')?.textContent")
        return "Report of inc-1" in (words or "") and "no leader for 40 s" in words

    await until(is_open, 60)
    assert browser.exceptions == []
