"""A real browser, the demo that it looks at, and the pictures it takes when they are asked for."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright

from tests.browser.demo import ROOT, Demo, running_demo
from tests.browser.window import Window

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PICTURES = ROOT / "docs" / "images"
COLOURS = 200
"""Of a picture's palette, chosen so that rare ones, such as a red mark, stay; the file becomes a third."""

PLACE: dict[str, Any] = {"locale": "en-US", "timezone_id": "UTC"}
DESK: dict[str, Any] = {**PLACE, "viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
PHONE: dict[str, Any] = {
    **PLACE,
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1.5,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "dark",
}

StartDemo = Callable[[str], Awaitable[Demo]]
OpenWindow = Callable[..., Awaitable[Window]]
TakePicture = Callable[[str, Page | Locator], Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="write docs/images/thread*.png")


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The installed Chromium; Playwright's own is never downloaded."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # as root it does not start with one
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def start_demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartDemo]:
    """Start `neumann-bot demo` with a fault."""
    async with AsyncExitStack() as demos:

        async def start(fault: str) -> Demo:
            return await demos.enter_async_context(running_demo(fault, tmp_path_factory.mktemp("demo")))

        yield start


@pytest_asyncio.fixture
async def open_window(chromium: Browser, start_demo: StartDemo) -> AsyncIterator[OpenWindow]:
    """Open the page as somebody; at the end no script may have failed in any window."""
    errors: list[str] = []
    async with AsyncExitStack() as windows:

        async def open_one(demo: Demo, user: str, *, on_a_phone: bool = False) -> Window:
            context = await chromium.new_context(**(PHONE if on_a_phone else DESK))
            windows.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
            await page.goto(f"{demo.url}/?user={user}")
            return Window(page)

        yield open_one
    assert errors == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> TakePicture:
    """Write what is on the screen to docs/images, if `--screenshots` was given."""
    is_asked_for = request.config.getoption("--screenshots")

    async def take(name: str, of: Page | Locator) -> None:
        if is_asked_for:
            _write(PICTURES / f"{name}.png", await of.screenshot(animations="disabled"))

    return take


def _write(path: Path, png: bytes) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
