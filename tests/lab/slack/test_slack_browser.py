"""The page in a real browser: every block is drawn, and no script fails."""

import re
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.app.reactions import put_reaction
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import (
    acting,
    actions,
    button,
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
)

pytestmark = pytest.mark.browser
INCIDENTS = "C0INCIDENT"
EVERY_BLOCK = [
    header(plain("A header")),
    section(text=mrkdwn("*A section*"), accessory=button(text=plain("Beside it"))),
    section(fields=[mrkdwn("a field")]),
    context(mrkdwn("some context")),
    {"type": "divider"},
    actions(acting("static_select", **options(2)), acting("overflow", **options(2))),
    plan(1),
    rich({"type": "text", "text": "rich words"}),
]
WORDS = (
    "A header",
    "<strong>A section</strong>",
    "Beside it",
    "a field",
    "some context",
    "<hr>",
    "Option 1",
    "rich words",
    "node1.log",
    'aria-label="eyes, 1"',
    "Only visible to you",
    "A label",
)


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A page in which no script may fail."""
    errors: list[str] = []
    async with await chromium.new_context(locale="en-US", timezone_id="UTC") as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(60_000)
        yield page
    assert errors == []


async def test_every_block_and_a_modal_are_drawn(
    slack: SlackWorkspaceServer, client: AsyncWebClient, alice: Person, page: Page
) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=EVERY_BLOCK)
    ts = parent["ts"]
    await client.files_upload_v2(filename="node1.log", content="x", channel=INCIDENTS, thread_ts=ts)
    await alice.react(ts, "eyes")
    slack.workspace.post(INCIDENTS, "U0NEUMANN1", {"text": "a whisper"}, ephemeral_to="U0ALICE001")
    slack.workspace.modals.open("U0ALICE001", form(field(label=plain("A label"))))
    await page.goto(f"{slack.url}/?user=alice&thread={ts}")
    await page.locator("#modal[open] .label").wait_for()
    drawn = await page.content()
    for words in WORDS:
        assert words in drawn, words


async def test_a_reaction_is_given_and_taken_back_on_the_page(
    client: AsyncWebClient, slack: SlackWorkspaceServer, alice: Person, page: Page
) -> None:
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x")
    message = slack.workspace.message(INCIDENTS, posted["ts"])
    put_reaction(slack.workspace, message, "U0NEUMANN1", "eyes")
    await page.goto(f"{slack.url}/?user=alice")
    for shown, wanted in ((1, 2), (2, 1)):
        await page.get_by_role("button", name=f"eyes, {shown}").click()
        await page.get_by_role("button", name=f"eyes, {wanted}").wait_for()
        (seen,) = await alice.messages()
        assert seen["reactions"][0]["count"] == wanted


async def test_a_time_is_said_in_the_words_that_the_app_chose(
    client: AsyncWebClient, slack: SlackWorkspaceServer, page: Page
) -> None:
    times = "<!date^%d^{date_short_pretty} {time_secs}|somewhen>"
    await client.chat_postMessage(channel=INCIDENTS, text=times % 1_700_000_000)
    await client.chat_postMessage(channel=INCIDENTS, text=times % time.time())
    await page.goto(f"{slack.url}/?user=alice")
    log = page.get_by_role("log", name="Messages")
    await expect(log).to_contain_text("Nov 14, 2023 22:13:20")
    await expect(log).to_contain_text(re.compile(r"(to|yester)day \d\d:\d\d:\d\d"))


async def test_a_canvas_opens_at_its_link(
    client: AsyncWebClient, slack: SlackWorkspaceServer, page: Page
) -> None:
    content = {"type": "markdown", "markdown": "# Report\n\n- no leader for 40 s"}
    made = await client.canvases_create(title="Report of inc-1", document_content=content)
    link = f"{slack.url}/docs/T0NEUMANN1/{made['canvas_id']}"
    await client.chat_postMessage(channel=INCIDENTS, text=f"<{link}|Open the canvas>")
    await client.canvases_access_set(
        canvas_id=made["canvas_id"], access_level="write", channel_ids=[INCIDENTS]
    )
    await page.goto(link)
    canvas = page.locator("#canvas[open]")
    await expect(canvas).to_contain_text("Report of inc-1")
    await expect(canvas).to_contain_text("no leader for 40 s")


async def test_addresses_and_channels_become_links_unless_a_text_is_verbatim(
    client: AsyncWebClient, slack: SlackWorkspaceServer, page: Page
) -> None:
    """As Slack's reference of text objects says; so a test sees what a foreign text would become."""
    said = "see https://evil.example/x and #general"
    verbatim = {**mrkdwn(said), "verbatim": True}
    for text in (mrkdwn(said), verbatim):
        await client.chat_postMessage(channel=INCIDENTS, text="-", blocks=[section(text=text)])
    await page.goto(f"{slack.url}/?user=alice")
    log = page.get_by_role("log", name="Messages")
    await expect(log.get_by_text("see https://evil.example/x")).to_have_count(2)
    await expect(log.locator("a[href='https://evil.example/x']")).to_have_count(1)
    await expect(log.locator(".mention", has_text="#general")).to_have_count(1)
