"""Somebody without Slack reads the status page: at a desk, on the smallest phone, by day and by night."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Route

from bot.config.read_only import Scope
from bot.web.api.tokens import Caller, RequestRate, Tokens
from bot.web.status_page.endpoint import StatusPage
from handlers.domain.events import Event
from handlers.domain.events.triage import Acknowledged
from handlers.ports import ReadOnlyPorts
from runbooks.evidence import Evidence, Metrics, Role
from runbooks.posture.inventory import Inventory
from tests.bot.incidents import healed, quorum_loss
from tests.bot.web.serving import serve
from tests.browser.conftest import PLACE, TakePicture
from tests.browser.window import FLAWS
from tests.builders import ALICE, NOON, alert, diagnosed, opened
from tests.handlers.world import Timelines

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
DARK: Mapping[Scheme, str] = {"light": "", "dark": "-dark"}
"""How a picture's name ends: the documents' site shows the one of its own scheme."""

TOKEN = "the-token-of-the-screen-on-the-wall"
LONG_NAME = "AnAlertOfARuleWhoseNameIsLongerThanAPhoneIsWide"
NOW = NOON + timedelta(minutes=20)

DESK = {"viewport": {"width": 1280, "height": 760}}
SMALLEST = {"viewport": {"width": 320, "height": 568}, "is_mobile": True, "has_touch": True}


class Clusters:
    """Four clusters: one without a leader, one that does not answer, two that are led."""

    clusters = ("demo", "orders", "payments-eu-west-1", "search")

    async def read(self, cluster: str) -> Evidence:
        raise AssertionError("the page reads no cluster in full")

    def inventory(self, cluster: str) -> Inventory:
        return Inventory()

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        leader = Metrics(role=Role.LEADER, term=7)
        follower, candidate = Metrics(role=Role.FOLLOWER, term=7), Metrics(role=Role.CANDIDATE, term=9)
        samples: dict[str, tuple[Metrics | None, ...]] = {
            "demo": (candidate, None, None),
            "orders": (None, None, None),
            "payments-eu-west-1": (leader, follower, follower),
            "search": (follower, leader, None),
        }
        names = (f"{cluster}-node{number}.internal" for number in (1, 2, 3))
        return dict(zip(names, samples[cluster], strict=True))


def timelines() -> Timelines:
    long_named = alert().model_copy(update={"labels": {"alertname": LONG_NAME, "cluster": "search"}})
    other = opened(long_named, runbook="").model_copy(update={"cluster": "search"})
    events: dict[str, list[Event]] = {
        "inc-11-k3xqf": [opened(), *diagnosed(quorum_loss())],
        "inc-12-p9sdc": [other, Acknowledged(at=NOON, by=ALICE)],
        "inc-9-w2mnb": list(healed()),
        "inc-13-zzzzz": [opened()],
    }
    opens = {"demo": "inc-11-k3xqf", "search": "inc-12-p9sdc", "orders": "inc-13-zzzzz"}
    return Timelines(events=events, open=opens, released={"x": "inc-9-w2mnb"}, tampered={"inc-13-zzzzz"})


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """The page behind a token, with everything on it that there can be."""
    kept = timelines()
    tokens = Tokens([(Caller("screen", frozenset({Scope.STATUS, Scope.INCIDENTS})), TOKEN)])
    ports = ReadOnlyPorts(kept, kept, Clusters())
    page = StatusPage(ports, "token", tokens, RequestRate(600), lambda: NOW)
    async with serve(Starlette(routes=[Route("/status", page.status_page)])) as address:
        yield f"{address}/status"


@pytest_asyncio.fixture
async def windows(chromium: Browser) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def open_page(
    windows: AsyncExitStack, chromium: Browser, screen: Mapping[str, Any], scheme: Scheme
) -> Page:
    """A window of somebody who gave the token; nothing may go wrong in its console."""
    context = await chromium.new_context(
        **PLACE, **screen, color_scheme=scheme, http_credentials={"username": "me", "password": TOKEN}
    )
    windows.push_async_callback(context.close)
    page = await context.new_page()
    errors: list[str] = []
    # The first answer asks for the token, which the browser notes as an error.
    page.on(
        "console",
        lambda line: errors.append(line.text) if line.type == "error" and "401" not in line.text else None,
    )
    windows.callback(lambda: pytest.fail(str(errors)) if errors else None)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "name"), [(DESK, ""), (SMALLEST, "-phone")], ids=["desk", "320px"])
async def test_every_word_can_be_read_on_every_screen(
    windows: AsyncExitStack,
    chromium: Browser,
    url: str,
    picture: TakePicture,
    screen: Mapping[str, Any],
    name: str,
    scheme: Scheme,
) -> None:
    page = await open_page(windows, chromium, screen, scheme)
    await page.goto(url)
    clusters = page.get_by_role("table", name="State of each cluster")
    await expect(clusters.get_by_role("rowheader")).to_have_text(
        ["demo", "orders", "search", "payments-eu-west-1"]
    )
    await expect(clusters.get_by_role("row", name="orders")).to_contain_text("Could not be read")
    await expect(page.get_by_role("status")).to_have_text(
        "2 clusters without a known leader: demo and orders."
    )
    assert await page.evaluate(FLAWS) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 22, 26)")
    if scheme == "light" or not name:
        await picture(f"status-page{name}{DARK[scheme]}", page if name else page.locator("body"))


async def test_its_reader_turns_reloading_on_and_off_by_keyboard(
    windows: AsyncExitStack, chromium: Browser, url: str
) -> None:
    page = await open_page(windows, chromium, DESK, "light")
    await page.goto(url)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Reload every 60 s")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Stop reloading")).to_be_visible()
    assert await page.locator('meta[http-equiv="refresh"]').get_attribute("content") == "60"
    await page.get_by_role("link", name="Stop reloading").click()
    await expect(page.locator('meta[http-equiv="refresh"]')).to_have_count(0)
