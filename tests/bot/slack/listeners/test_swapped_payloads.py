"""Every field of every Slack payload swapped across incidents, apps, workspaces and people: all refused."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot import main as wiring
from bot.config import Settings
from bot.slack.delivery.thread_sync import SlackThread
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from lab.slack.shapes import Json
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.worker.working import answered, answering
from tests.builders import diagnosed, opened

MINE, THEIRS = "inc-1", "inc-2"
LABEL = "Start stopped nodes"
Swap = Callable[[Json, Json], object]
"""Puts part of the second payload, another incident's, or something foreign into the first."""


@dataclass
class Scene:
    """Two diagnosed incidents in one channel, and the bot's web side."""

    slack: SlackWorkspaceServer
    store: TimelineStore
    bot: wiring.Bot
    findings: dict[str, str]
    handles: dict[str, str]
    parents: dict[str, str]

    def click(self, incident: str, user: str = "U0ALICE001") -> Json:
        """A click on the incident's button, as Slack would report it."""
        directory = self.slack.workspace.directory
        return {
            "type": "block_actions",
            "api_app_id": directory.app_id,
            "team": {"id": directory.team_id, "domain": "neumann"},
            "user": {"id": user, "username": "alice", "team_id": directory.team_id},
            "trigger_id": "1.1.1",
            "response_url": f"{self.slack.url}/response/none",
            "channel": {"id": INCIDENTS, "name": "incidents"},
            "container": {"type": "message", "message_ts": self.findings[incident], "channel_id": INCIDENTS},
            "message": {"type": "message", "ts": self.findings[incident]},
            "actions": [
                {
                    "type": "button",
                    "action_id": "remedy:start_nodes",
                    "block_id": "remedies",
                    "value": self.handles[incident],
                }
            ],
        }

    async def submission(self, incident: str, person: Person) -> Json:
        """The plan of the incident's button as this person has it before them, submitted."""
        before = await person.modal()
        await person.click(self.findings[incident], LABEL)
        view = await person.wait_for_modal(
            predicate=lambda each: before is None or each["external_id"] != before["external_id"]
        )
        directory = self.slack.workspace.directory
        return {
            "type": "view_submission",
            "api_app_id": directory.app_id,
            "team": {"id": directory.team_id, "domain": "neumann"},
            "user": {"id": "U0ALICE001", "username": "alice", "team_id": directory.team_id},
            "trigger_id": "1.1.1",
            "view": view,
            "response_urls": [],
        }

    def headline_click(self, incident: str, what: str) -> Json:
        """A click on a button of the incident's headline; `more:report` is a choice of its menu."""
        payload, handle = self.click(incident), f"headline-of-{incident}"
        ts = self.parents[incident]
        payload["container"]["message_ts"] = payload["message"]["ts"] = ts
        menu, _, choice = what.partition(":")
        if choice:
            chosen = {"text": {"type": "plain_text", "text": choice}, "value": f"{choice}.{handle}"}
            action = {"type": "overflow", "selected_option": chosen}
        else:
            action = {"type": "button", "value": handle}
        payload["actions"] = [action | {"action_id": f"care:{menu}", "block_id": "care"}]
        return payload

    async def headline_submission(self, incident: str, person: Person, label: str, chosen: Json) -> Json:
        """The modal of a headline's button as this person has it before them, filled in and submitted."""
        await person.click(self.parents[incident], label)
        handle = f"headline-of-{incident}"
        view = await person.wait_for_modal(predicate=lambda each: each["private_metadata"] == handle)
        view["state"] = {"values": {"chosen": {"value": chosen}}}
        directory = self.slack.workspace.directory
        return {
            "type": "view_submission",
            "api_app_id": directory.app_id,
            "team": {"id": directory.team_id, "domain": "neumann"},
            "user": {"id": "U0ALICE001", "username": "alice", "team_id": directory.team_id},
            "trigger_id": "1.1.1",
            "view": view,
            "response_urls": [],
        }

    async def post(self, payload: Json) -> httpx.Response:
        """Send a payload with a good signature, until it is dealt with: only what it says is wrong."""
        body, now = urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
        verifier = SignatureVerifier(self.slack.signing_secret)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": verifier.generate_signature(timestamp=now, body=body) or "",
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(str(self.slack.bot_request_url), content=body, headers=headers)
        await answered(self.bot)
        return answer

    async def state(self) -> list[tuple[int, int, int]]:
        """What the two timelines hold: events, proposals, runs."""
        loaded = [await self.store.load(incident) for incident in (MINE, THEIRS)]
        return [(each.position, len(each.proposals), len(each.runs)) for each in loaded]


@pytest.fixture
async def scene(
    settings: Settings, slack: SlackWorkspaceServer, slack_client: AsyncWebClient
) -> AsyncIterator[Scene]:
    redis = connect(settings.redis.url)
    findings, handles, parents = {}, {}, {}
    async with wiring.build(settings) as built, answering(built) as slack.bot_request_url:
        store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
        thread = SlackThread(slack_client, redis, settings.redis.prefix, lambda _: INCIDENTS)
        for name in (MINE, THEIRS):
            events = (
                opened().model_copy(update={"handle": f"headline-of-{name}"}),
                *incidents.with_handle(f"handle-of-{name}", *diagnosed(incidents.quorum_loss())),
            )
            incident = await store.append(Incident(id=name), *events)
            handles[name] = incident.offers[0].handle
            await store.remember_handle(handles[name], name)
            await store.remember_handle(incident.handle, name)
            await store.reclaim(incident.identity, name)
            posted = len(slack.workspace.messages)
            await thread.sync(incident)
            parents[name] = slack.workspace.messages[posted].ts
            findings[name] = slack.workspace.messages[-1].ts
        yield Scene(slack, store, built, findings, handles, parents)
    await redis.aclose()


def foreign(*path: str, value: str) -> Swap:
    def swap(payload: Json, _: Json) -> None:
        for name in path[:-1]:
            payload = payload[name]
        payload[path[-1]] = value

    return swap


def taken(*path: str) -> Swap:
    def swap(payload: Json, other: Json) -> None:
        for name in path[:-1]:
            payload, other = payload[name], other[name]
        assert payload[path[-1]] != other[path[-1]], "the swap changes something"
        payload[path[-1]] = other[path[-1]]

    return swap


CLICKS = {
    "the handle of the other incident": lambda mine, other: mine["actions"][0].update(
        value=other["actions"][0]["value"]
    ),
    "a handle that nobody made": lambda mine, _: mine["actions"][0].update(value="start_service node1"),
    "no handle": lambda mine, _: mine["actions"][0].pop("value"),
    "the other incident's message": taken("message"),
    "a message that is not ours": foreign("message", "ts", value="1.000001"),
    "another channel": foreign("channel", "id", value="C0GENERAL1"),
    "another app": foreign("api_app_id", value="A0OTHER001"),
    "another workspace": foreign("team", "id", value="T0OTHER001"),
    "a guest": foreign("user", "id", value="U0DAVE0001"),
    "someone nobody knows": foreign("user", "id", value="U0NOBODY01"),
}

SUBMISSIONS = {
    "the other plan's handle": taken("view", "private_metadata"),
    "the other modal's id": taken("view", "external_id"),
    "a handle that nobody made": foreign("view", "private_metadata", value="x"),
    "another app": foreign("api_app_id", value="A0OTHER001"),
    "another workspace": foreign("team", "id", value="T0OTHER001"),
    "another person of the group": foreign("user", "id", value="U0CAROL001"),
    "a guest": foreign("user", "id", value="U0DAVE0001"),
}


@pytest.mark.process
@pytest.mark.parametrize("swap", CLICKS.values(), ids=CLICKS.keys())
async def test_row_03_a_click_with_one_field_swapped_proposes_nothing(scene: Scene, swap: Swap) -> None:
    before = await scene.state()
    payload = scene.click(MINE)
    swap(payload, scene.click(THEIRS))
    answer = await scene.post(payload)
    assert answer.status_code < 500
    assert await scene.state() == before


@pytest.mark.parametrize("swap", SUBMISSIONS.values(), ids=SUBMISSIONS.keys())
async def test_row_03_a_submission_with_one_field_swapped_confirms_nothing(
    scene: Scene, alice: Person, swap: Swap
) -> None:
    payload = await scene.submission(MINE, alice)
    other = await scene.submission(THEIRS, alice)
    before = await scene.state()
    swap(payload, other)
    answer = await scene.post(payload)
    assert answer.status_code < 500
    assert await scene.state() == before


async def test_the_same_payloads_unswapped_are_taken(scene: Scene, alice: Person) -> None:
    """Otherwise the tests above would refuse everything."""
    await scene.post(scene.click(MINE))
    assert (await scene.store.load(MINE)).proposals
    await scene.post(await scene.submission(MINE, alice))
    assert (await scene.store.load(MINE)).running


HEADLINE_BUTTONS = ("acknowledge", "more:report")

HEADLINE_CLICKS: dict[str, Swap] = {
    name: swap
    for name, swap in CLICKS.items()
    if name in {"the other incident's message", "a message that is not ours", "another channel"}
    or name in {"another app", "another workspace"}
}

HEADLINE_MODALS: dict[str, tuple[str, Json]] = {
    "assign": ("Assign", {"type": "users_select", "selected_user": "U0CAROL001"}),
    "snooze": ("Snooze", {"type": "static_select", "selected_option": {"value": "60"}}),
}

HEADLINE_SUBMISSIONS: dict[str, Swap] = {
    name: swap for name, swap in SUBMISSIONS.items() if name != "a guest"
} | {"no id": foreign("view", "external_id", value="")}


@pytest.mark.parametrize("swap", HEADLINE_CLICKS.values(), ids=HEADLINE_CLICKS.keys())
@pytest.mark.parametrize("button", HEADLINE_BUTTONS)
async def test_row_03_a_triage_click_with_one_field_swapped_does_nothing(
    scene: Scene, button: str, swap: Swap
) -> None:
    before, messages = await scene.state(), len(scene.slack.workspace.messages)
    payload = scene.headline_click(MINE, button)
    swap(payload, scene.headline_click(THEIRS, button))
    answer = await scene.post(payload)
    assert answer.status_code < 500
    assert await scene.state() == before
    assert len(scene.slack.workspace.messages) == messages


@pytest.mark.parametrize("swap", HEADLINE_SUBMISSIONS.values(), ids=HEADLINE_SUBMISSIONS.keys())
@pytest.mark.parametrize("modal", HEADLINE_MODALS)
async def test_row_03_a_triage_modal_with_one_field_swapped_does_nothing(
    scene: Scene, alice: Person, modal: str, swap: Swap
) -> None:
    label, chosen = HEADLINE_MODALS[modal]
    payload = await scene.headline_submission(MINE, alice, label, chosen)
    other = await scene.headline_submission(THEIRS, alice, label, chosen)
    before = await scene.state()
    swap(payload, other)
    answer = await scene.post(payload)
    assert answer.status_code < 500
    assert await scene.state() == before


@pytest.mark.parametrize("modal", HEADLINE_MODALS)
async def test_a_triage_modal_unswapped_is_taken(scene: Scene, alice: Person, modal: str) -> None:
    """Otherwise the test above would refuse everything."""
    label, chosen = HEADLINE_MODALS[modal]
    (before, *_), _ = await scene.state()
    await scene.post(await scene.headline_submission(MINE, alice, label, chosen))
    (after, *_), _ = await scene.state()
    assert after == before + 1


async def test_a_triage_click_unswapped_is_taken(scene: Scene) -> None:
    await scene.post(scene.headline_click(MINE, "acknowledge"))
    assert (await scene.store.load(MINE)).triage.holder
