"""What one person has in front of them: the workspace's page in a browser, and what one does there."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Locator, Page, expect

PATIENCE_MS = 90_000
"""How long one waits for what the cluster, its alerts and the bot do, on a machine that is busy."""

FLAWS = Path(__file__).with_name("flaws.js").read_text()

expect.set_options(timeout=PATIENCE_MS)


class Window:
    """One browser window. The parts are locators: what they find is looked for anew at each use."""

    def __init__(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE_MS)
        self.page = page
        self.channel = page.get_by_role("log", name="Messages")
        self.thread = page.get_by_role("region", name="Thread")
        self.plan = page.get_by_role("dialog", name="Confirm the plan")
        self.refusal = page.get_by_role("dialog", name="Not run")

    def button(self, name: str) -> Locator:
        """A button of the thread."""
        return self.thread.get_by_role("button", name=name)

    def message(self, words: str) -> Locator:
        """The thread's message with these words."""
        return self.thread.get_by_role("article").filter(has_text=words)

    @property
    def headline(self) -> Locator:
        """The thread's first message."""
        return self.thread.get_by_role("article").first

    async def say(self, text: str) -> None:
        """Write into the channel's box and send."""
        box = self.page.get_by_role("textbox", name="Message #neumann-incidents")
        await box.fill(text)
        await box.press("Enter")

    async def become(self, name: str) -> None:
        """Choose another person in the page's corner."""
        await self.page.get_by_label("You are").select_option(name)

    async def go_to(self, place: str) -> None:
        """Choose a channel, or the app."""
        named = re.compile(rf"^\W*{re.escape(place)}$")
        await self.page.get_by_role("navigation").get_by_role("button", name=named).click()

    async def click_remedy(self, name: str) -> None:
        """Wait for a remedy's button once every node is read, click it, and have the plan on the screen."""
        await expect(self.button(name)).to_be_visible()
        await expect(self.thread).not_to_contain_text("nodes read, waiting for")
        await self.button(name).click()
        await expect(self.plan).to_be_visible()

    async def flaws(self) -> list[str]:
        """What a reader would stumble over: raw marks, cut words, empty boxes, faint letters."""
        found: list[str] = await self.page.evaluate(FLAWS)
        return found
