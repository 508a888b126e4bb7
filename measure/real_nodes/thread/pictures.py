"""Pictures of the thread over real nodes, with the browser of the project's own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import async_playwright, expect

from measure.real_nodes.thread.desk import Desk, nobody_looks
from tests.browser.conftest import CHROMIUM, DESK, PICTURES, _write
from tests.browser.window import Window


@asynccontextmanager
async def camera(desk: Desk, named: str) -> AsyncIterator[None]:
    """Take pictures of the first plan that somebody confirms, and of its end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(**DESK)).new_page()
        await page.goto(f"{desk.slack.url}/?user=alice")
        window = Window(page)

        async def take(name: str) -> None:
            if name == "plan":
                await expect(window.plan).to_be_visible()
            else:
                await expect(window.message("Closed after").first).to_be_visible()
                await window.thread.get_by_text("Every action is done").first.scroll_into_view_if_needed()
                desk.look = nobody_looks  # what comes after is another incident
            _write(PICTURES / f"{named}-{name}.png", await page.screenshot(animations="disabled"))

        desk.look = take
        yield
        await browser.close()
