"""Slack shows each thing once, is asked for no more than what changed, and catches up when it was away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.nodes.agent_evidence import still_reading
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.delivery.web_api import SlackBusy
from bot.store.client import connect
from bot.timing import Timing
from handlers.domain.incident import Incident
from handlers.errors import SlackDown, StoreDown
from handlers.ports import Place
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from lab.slack.shapes import Json
from lab.slack.workspace import Message
from runbooks.evidence import Evidence
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS, MortalRedis
from tests.bot.incidents import incident
from tests.builders import diagnosed, opened

OPENED = incident(opened())
DIAGNOSED = incident(opened(), *diagnosed(incidents.quorum_loss()))
HEALED = incident(*incidents.healed())


@pytest.fixture
def calls() -> Counter[str]:
    """How often each method of the Web API was called."""
    return Counter()


@pytest.fixture
async def client(slack: SlackWorkspaceServer, calls: Counter[str]) -> AsyncIterator[AsyncWebClient]:
    async def count(_: object, __: object, sent: aiohttp.TraceRequestStartParams) -> None:
        calls[sent.url.name] += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(count)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(trace_configs=[trace], timeout=timeout) as session:
        yield AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/", session=session)


@pytest.fixture
def thread(client: AsyncWebClient, redis: Redis, prefix: str) -> SlackThread:
    return SlackThread(client, redis, prefix, lambda _: INCIDENTS)


def keys(slack: SlackWorkspaceServer) -> list[str]:
    return [key(message) for message in slack.workspace.messages]


async def until_synced(thread: SlackThread, shown: Incident) -> None:
    """Try again and again, as the worker does."""
    async with asyncio.timeout(20):
        while True:
            try:
                await thread.sync(shown)
            except SlackDown:
                await asyncio.sleep(0.05)
            else:
                return


def key(message: Message) -> str:
    return str((message.metadata or {})["event_payload"]["key"])


def shown_as(slack: SlackWorkspaceServer, wanted: str) -> Json:
    """What stands in the thread under this key."""
    (message,) = [each for each in slack.workspace.messages if key(each) == wanted]
    return {"text": message.text, "blocks": list(message.blocks)}


def half_read(read: Evidence) -> Evidence:
    """The same while the last node is awaited."""
    nodes = (*read.nodes[:-1], still_reading(read.nodes[-1].node))
    return read.model_copy(update={"complete": False, "nodes": nodes})


async def show(thread: SlackThread, incident: Incident) -> None:
    """As a worker does: come back when it is one's turn."""
    while True:
        try:
            await thread.sync(incident)
            return
        except SlackBusy as busy:
            await asyncio.sleep(busy.wait_s)


async def test_the_headline_comes_first_and_the_rest_into_its_thread(
    thread: SlackThread, slack: SlackWorkspaceServer, alice: Person
) -> None:
    await thread.sync(HEALED)
    assert keys(slack) == ["headline", "findings", "run-1", "verified", "closed"]
    parent, *replies = slack.workspace.messages
    assert {reply.thread_ts for reply in replies} == {parent.ts}
    shown = [plain_text(message) for message in await alice.thread(parent.ts)]
    assert "Leader verified: node1 leads term 9" in shown[3]


async def test_only_what_changed_is_sent(
    thread: SlackThread, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    await thread.sync(OPENED)
    assert calls == {"chat.postMessage": 1}
    await thread.sync(OPENED)
    assert calls == {"chat.postMessage": 1}, "nothing has changed"
    await thread.sync(DIAGNOSED)
    assert calls == {"chat.postMessage": 2, "chat.update": 1}
    await thread.sync(HEALED)
    assert calls == {"chat.postMessage": 5, "chat.update": 3}
    await thread.sync(HEALED)
    assert sum(calls.values()) == 8
    assert len(slack.workspace.messages) == 5


async def test_another_replica_goes_on_where_this_one_stood(
    thread: SlackThread,
    client: AsyncWebClient,
    redis: Redis,
    prefix: str,
    slack: SlackWorkspaceServer,
    calls: Counter[str],
) -> None:
    await thread.sync(DIAGNOSED)
    calls.clear()
    await SlackThread(client, redis, prefix, lambda _: INCIDENTS).sync(DIAGNOSED)
    assert calls == {}


@pytest.mark.parametrize("before", [None, OPENED], ids=["the headline's", "the findings'"])
async def test_an_answer_that_was_lost_is_looked_for_and_not_posted_twice(
    slack: SlackWorkspaceServer,
    before: Incident | None,
    calls: Counter[str],
    client: AsyncWebClient,
    redis: Redis,
    prefix: str,
) -> None:
    thread = SlackThread(client, redis, prefix, lambda _: INCIDENTS, Timing(under_way_s=1))
    if before:
        await thread.sync(before)
        await thread.sync(replace(before))
    shown = OPENED if before is None else DIAGNOSED
    slack.faults.answers_to_lose = 1 if before is None else 2
    for _ in range(2 if before else 1):
        with pytest.raises(SlackDown):
            await thread.sync(shown)
    await until_synced(thread, shown)
    assert sorted(keys(slack)) == sorted(set(keys(slack)))
    assert "conversations.history" in calls or before
    await thread.sync(shown)


async def test_a_lost_reply_is_found_among_a_hundred_others(
    thread: SlackThread, slack: SlackWorkspaceServer, alice: Person, calls: Counter[str]
) -> None:
    await thread.sync(OPENED)
    (parent,) = slack.workspace.messages
    for number in range(120):
        slack.workspace.post(INCIDENTS, "U0ALICE001", {"text": str(number)}, thread_ts=parent.ts)
    # The edit of the headline goes through; the answer to the findings' post does not.
    await thread.sync(replace(DIAGNOSED, diagnosis=None, evidence=None))
    slack.faults.answers_to_lose = 1
    with pytest.raises(SlackDown):
        await thread.sync(DIAGNOSED)
    for _ in range(2):
        try:
            await thread.sync(DIAGNOSED)
        except SlackDown:
            continue
    found = [m for m in slack.workspace.messages if m.metadata and key(m) == "findings"]
    assert len(found) == 1


@pytest.mark.process
@pytest.mark.parametrize("fault", ["calls_to_fail", "calls_to_rate_limit"])
async def test_slack_being_down_is_one_error_and_then_a_late_post(
    thread: SlackThread, slack: SlackWorkspaceServer, fault: str
) -> None:
    setattr(slack.faults, fault, 2)
    for _ in range(2):
        with pytest.raises(SlackDown) as told:
            await thread.sync(OPENED)
        await asyncio.sleep(told.value.wait_s or 0)
    assert slack.workspace.messages == []
    await show(thread, HEALED)
    assert keys(slack) == ["headline", "findings", "run-1", "verified", "closed"]


async def test_slack_failing_in_the_middle_keeps_what_it_took(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    await thread.sync(OPENED)
    slack.faults.calls_to_fail = 1
    with pytest.raises(SlackDown):
        await thread.sync(HEALED)
    await show(thread, HEALED)
    assert keys(slack) == ["headline", "findings", "run-1", "verified", "closed"]


@pytest.mark.process
async def test_what_slack_refused_for_its_rate_is_not_there_and_so_is_not_looked_for(
    thread: SlackThread, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    slack.faults.calls_to_rate_limit = 1
    with pytest.raises(SlackBusy):
        await thread.sync(OPENED)
    with pytest.raises(SlackBusy):
        await thread.sync(OPENED)
    assert calls == {"chat.postMessage": 1}, "whoever was asked to wait does not ask again"
    await show(thread, OPENED)
    assert calls == {"chat.postMessage": 2}
    assert keys(slack) == ["headline"]


@pytest.mark.process
async def test_a_thread_of_many_messages_comes_as_fast_as_slack_takes_it(
    client: AsyncWebClient, redis: Redis, prefix: str
) -> None:
    async with SlackWorkspaceServer(has_rate_limits=True) as strict:
        base_url = f"{strict.url}/api/"
        own = AsyncWebClient(token=strict.bot_token, base_url=base_url, session=client.session)
        thread = SlackThread(own, redis, prefix, lambda _: INCIDENTS)
        for number in range(1, 8):
            await show(thread, replace(OPENED, id=f"inc-{number}"))
        assert keys(strict) == ["headline"] * 7


@pytest.mark.process
async def test_no_slack_at_all_is_the_same_error(redis: Redis, prefix: str) -> None:
    client = AsyncWebClient(token="xoxb-x", base_url="http://127.0.0.1:1/api/", timeout=1)
    with pytest.raises(SlackDown, match="Slack does not answer"):
        await SlackThread(client, redis, prefix, lambda _: INCIDENTS).sync(OPENED)


@pytest.mark.parametrize(
    ("channel", "mend"), [("C0GENERAL1", "/invite @neumann-bot"), ("C0NOWHERE0", "check the channel id")]
)
async def test_what_a_person_can_mend_is_said_with_its_mend(
    client: AsyncWebClient, redis: Redis, prefix: str, channel: str, mend: str
) -> None:
    with pytest.raises(SlackDown, match=mend):
        await SlackThread(client, redis, prefix, lambda _: channel).sync(OPENED)


async def test_a_token_that_is_wrong_is_said(slack: SlackWorkspaceServer, redis: Redis, prefix: str) -> None:
    client = AsyncWebClient(token="xoxb-wrong", base_url=f"{slack.url}/api/")
    with pytest.raises(SlackDown, match="check the bot token"):
        await SlackThread(client, redis, prefix, lambda _: INCIDENTS).sync(OPENED)


async def test_only_the_incidents_own_messages_are_its(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    await thread.sync(DIAGNOSED)
    _, findings = slack.workspace.messages
    theirs = slack.workspace.directory
    there = Place(theirs.app_id, theirs.team_id, INCIDENTS, findings.ts)
    assert await thread.is_ours(DIAGNOSED.id, there)
    assert not await thread.is_ours("inc-8", there)
    for part, other in (
        ("app", "A0OTHER001"),
        ("team", "T0OTHER001"),
        ("channel", "C0GENERAL1"),
        ("message_ts", "1.000001"),
        ("message_ts", ""),
    ):
        assert not await thread.is_ours(DIAGNOSED.id, replace(there, **{part: other})), part


async def test_without_redis_nothing_is_posted_that_could_not_be_remembered(
    client: AsyncWebClient, mortal_redis: MortalRedis, slack: SlackWorkspaceServer
) -> None:
    redis = connect(mortal_redis.url)
    await mortal_redis.stop()
    with pytest.raises(StoreDown):
        await SlackThread(client, redis, "{test}", lambda _: INCIDENTS).sync(OPENED)
    assert slack.workspace.messages == []
    await redis.aclose()


READING = incident(opened(), *diagnosed(half_read(incidents.quorum_loss())))


async def test_a_workspace_that_takes_no_plan_gets_a_bar_and_is_not_asked_again(
    thread: SlackThread, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    await thread.sync(OPENED)
    slack.workspace.fail("chat.postMessage", "invalid_blocks")
    await thread.sync(READING)
    assert "▓▓▓▓▓▓▓░░░ 2 of 3 nodes read, still being read: node3" in plain_text(shown_as(slack, "findings"))
    assert calls["chat.postMessage"] == 3
    other = replace(READING, id="inc-8")
    await thread.sync(other)
    assert calls["chat.postMessage"] == 5, "the bar at once"


async def test_a_workspace_that_takes_plans_gets_one_and_then_the_findings(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    await thread.sync(READING)
    assert plain_text(shown_as(slack, "findings")).startswith(
        "2 of 3 nodes read, still being read: node3\n[x]"
    )
    await thread.sync(DIAGNOSED)
    assert "still being read" not in plain_text(shown_as(slack, "findings"))


async def test_an_incident_that_has_not_begun_is_not_shown(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    await thread.sync(Incident(id="inc-9"))
    assert slack.workspace.messages == []


async def test_a_redis_that_was_put_back_to_an_older_copy_makes_nothing_be_posted_again(
    client: AsyncWebClient, mortal_redis: MortalRedis, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    notes = f"{{restored}}:thread:{DIAGNOSED.id}"
    async with aclosing(connect(mortal_redis.url)) as redis:
        thread = SlackThread(client, redis, "{restored}", lambda _: INCIDENTS)
        await thread.sync(DIAGNOSED)
        old_copy: Any = await redis.hgetall(notes)
        await thread.sync(HEALED)
        assert "conversations.replies" not in calls, "one run of Redis loses nothing"
    await mortal_redis.stop()
    await mortal_redis.start()
    async with aclosing(connect(mortal_redis.url)) as redis:
        await redis.delete(notes)
        await redis.hset(notes, mapping=old_copy)
        await SlackThread(client, redis, "{restored}", lambda _: INCIDENTS).sync(HEALED)
    assert keys(slack) == ["headline", "findings", "run-1", "verified", "closed"]
