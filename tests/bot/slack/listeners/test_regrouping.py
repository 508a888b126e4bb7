"""Merging and splitting from the headline's menu, over a workspace that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot import main as wiring
from bot.config import Settings
from bot.slack.delivery.thread_sync import SlackThread
from handlers.domain.events.lifecycle import Closed, Remarked
from handlers.domain.events.regrouping import MergeAsked, SplitAsked
from handlers.domain.incident import ALSO_OPEN, Incident
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import INCIDENTS
from tests.bot.worker.working import answering
from tests.builders import NOON, alert, opened

ID, OTHER, HANDLE = "inc-1", "inc-2", "handle-of-inc-1"
DOWN = alert("ElectionStorm", node="node2")


@pytest.fixture
async def bot(settings: Settings, slack: SlackWorkspaceServer) -> AsyncIterator[wiring.Bot]:
    """A bot that answers, and works on nothing by itself."""
    async with wiring.build(settings) as built, answering(built) as slack.bot_request_url:
        yield built


@pytest.fixture
async def parent(bot: wiring.Bot, settings: Settings, slack_client: AsyncWebClient) -> str:
    """The headline of an incident with two alerts, beside which another is open."""
    store = bot.ports.timelines
    also_open = Remarked(at=NOON, key=f"{ALSO_OPEN}{OTHER}", sentence="Also open on demo: inc-2.")
    first = opened(alert(), DOWN, runbook="alert:Any").model_copy(update={"handle": HANDLE})
    shown = await store.append(Incident(id=ID), first, also_open)
    other = await store.append(Incident(id=OTHER), opened())
    for each in (shown, other):
        await store.reclaim(each.identity, each.id)
    thread = SlackThread(slack_client, bot.redis, settings.redis.prefix, lambda _: INCIDENTS)
    await thread.sync(shown)
    place = await thread.place_of(ID)
    assert place
    return place.message_ts


async def test_the_menu_offers_what_else_is_open_on_the_cluster(
    bot: wiring.Bot, parent: str, alice: Person
) -> None:
    assert (await alice.click(parent, "care:more", f"merge.{HANDLE}")).ok
    modal = await alice.wait_for_modal()
    assert "inc-2: NoLeader" in plain_text(modal)
    assert (await alice.submit(modal, {"chosen": OTHER})).ok
    request = (await bot.ports.timelines.load(ID)).regrouping.request
    assert request
    assert isinstance(request.event, MergeAsked)
    assert (request.event.into, request.event.by.name) == (OTHER, "alice")


async def test_the_menu_offers_the_alerts_that_fire(bot: wiring.Bot, parent: str, alice: Person) -> None:
    assert (await alice.click(parent, "care:more", f"split.{HANDLE}")).ok
    modal = await alice.wait_for_modal()
    assert "ElectionStorm node=node2" in plain_text(modal)
    assert (await alice.submit(modal, {"chosen": DOWN.fingerprint})).ok
    request = (await bot.ports.timelines.load(ID)).regrouping.request
    assert request
    assert isinstance(request.event, SplitAsked)
    assert request.event.fingerprints == (DOWN.fingerprint,)


async def test_where_the_other_is_over_by_then_the_modal_says_so(
    bot: wiring.Bot, parent: str, alice: Person
) -> None:
    store = bot.ports.timelines
    await alice.click(parent, "care:more", f"merge.{HANDLE}")
    modal = await alice.wait_for_modal()
    await store.append(await store.load(OTHER), Closed(at=NOON, detail="Resolved by bob."))
    assert (await alice.submit(modal, {"chosen": OTHER})).ok
    assert "inc-2 is closed; reopen it first." in plain_text(await alice.wait_for_modal())
