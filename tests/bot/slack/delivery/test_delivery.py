"""Whatever becomes of a call to Slack, each message is there once and ends up as the newest state has it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import aiohttp
import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.delivery.web_api import SlackBusy
from bot.slack.views.render import render
from bot.timing import Timing
from handlers.domain.incident import Incident
from handlers.errors import SlackDown
from lab.slack import faults
from lab.slack.server import SlackWorkspaceServer
from lab.slack.workspace import Message
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS, Becomes
from tests.bot.incidents import incident
from tests.bot.slack.delivery.test_thread_sync import until_synced
from tests.bot.slack.views_seen import shown, told
from tests.bot.web.serving import talk
from tests.builders import diagnosed, opened

pytestmark = pytest.mark.process

OPENED = incident(opened())
DIAGNOSED = incident(opened(), *diagnosed(incidents.quorum_loss()))
HEALED = incident(*incidents.healed())
ALL_KEYS = ["headline", "findings", "run-1", "verified", "closed"]
IMPATIENT_S = 0.5


@pytest.fixture
def calls() -> Counter[str]:
    """How often each method of the Web API was called."""
    return Counter()


def counting(calls: Counter[str]) -> aiohttp.TraceConfig:
    async def count(_: object, __: object, sent: aiohttp.TraceRequestStartParams) -> None:
        calls[sent.url.name] += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(count)
    return trace


@pytest.fixture
async def client(slack: SlackWorkspaceServer, calls: Counter[str]) -> AsyncIterator[AsyncWebClient]:
    timeout = aiohttp.ClientTimeout(total=IMPATIENT_S)
    async with aiohttp.ClientSession(trace_configs=[counting(calls)], timeout=timeout) as session:
        yield AsyncWebClient(
            token=slack.bot_token, base_url=f"{slack.url}/api/", session=session, retry_handlers=[]
        )


MakeThread = Callable[[Timing], SlackThread]


@pytest.fixture
def make_thread(client: AsyncWebClient, redis: Redis, prefix: str) -> MakeThread:
    return partial(SlackThread, client, redis, prefix, lambda _: INCIDENTS)


@pytest.fixture
def thread(make_thread: MakeThread) -> SlackThread:
    return make_thread(Timing())


def bot_messages(slack: SlackWorkspaceServer) -> list[Message]:
    return [message for message in slack.workspace.messages if message.metadata]


def keys(slack: SlackWorkspaceServer) -> list[str]:
    return [str((message.metadata or {})["event_payload"]["key"]) for message in bot_messages(slack)]


def says_closed(slack: SlackWorkspaceServer) -> bool:
    return shown(bot_messages(slack)[0]) == told(render(HEALED)[0].body())


@pytest.mark.parametrize("kind", [faults.ANSWER_LOST, faults.GATEWAY_TIMEOUT])
async def test_a_lost_reply_is_found_behind_more_than_a_page_of_others(
    thread: SlackThread, slack: SlackWorkspaceServer, kind: str
) -> None:
    await thread.sync(OPENED)
    (parent,) = slack.workspace.messages
    for number in range(450):
        slack.workspace.post(INCIDENTS, "U0ALICE001", {"text": str(number)}, thread_ts=parent.ts)
    slack.faults.fail("chat.postMessage", kind)
    with pytest.raises(SlackDown):
        await thread.sync(DIAGNOSED)
    await until_synced(thread, DIAGNOSED)
    assert keys(slack) == ["headline", "findings"]


async def test_a_lost_headline_is_found_in_a_busy_channel(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("chat.postMessage", faults.ANSWER_LOST)
    now = replace(OPENED, opened_at=datetime.now(UTC))
    with pytest.raises(SlackDown):
        await thread.sync(now)
    for number in range(450):
        slack.workspace.post(INCIDENTS, "U0ALICE001", {"text": str(number)})
    await until_synced(thread, now)
    assert keys(slack) == ["headline"]


async def test_a_message_that_was_found_again_shows_the_newest_state_at_once(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("chat.postMessage", faults.ANSWER_LOST)
    with pytest.raises(SlackDown):
        await thread.sync(OPENED)
    await until_synced(thread, HEALED)
    assert keys(slack) == ALL_KEYS
    assert says_closed(slack)


@pytest.mark.process
async def test_a_post_that_slack_carries_out_after_the_bot_gave_up_is_the_only_one(
    make_thread: MakeThread, slack: SlackWorkspaceServer
) -> None:
    thread = make_thread(Timing(under_way_s=3))
    slack.faults.fail("chat.postMessage", faults.SLOW, delay_s=1.5)
    await until_synced(thread, HEALED)
    await asyncio.sleep(2.0)  # by now it has come, also where nobody waited for it
    assert keys(slack) == ALL_KEYS


@pytest.mark.parametrize("status", [500, 504])
async def test_a_post_that_was_not_done_is_made_again(
    make_thread: MakeThread, slack: SlackWorkspaceServer, calls: Counter[str], status: int
) -> None:
    thread = make_thread(Timing(under_way_s=1))
    slack.faults.fail("chat.postMessage", faults.SERVER_ERROR, status=status)
    await until_synced(thread, OPENED)
    assert keys(slack) == ["headline"]
    assert calls["chat.postMessage"] == 2


@pytest.mark.process
async def test_an_edit_that_slack_carries_out_late_does_not_stay_on_top_of_a_newer_one(
    make_thread: MakeThread, slack: SlackWorkspaceServer, becomes: Becomes
) -> None:
    thread = make_thread(Timing(under_way_s=3))
    await thread.sync(OPENED)
    slack.faults.fail("chat.update", faults.SLOW, delay_s=1.5)
    with pytest.raises(SlackDown):
        await thread.sync(DIAGNOSED)
    with pytest.raises(SlackDown, match="made again") as refused:
        await thread.sync(HEALED)
    assert says_closed(slack), "the newest state is shown at once"
    assert refused.value.wait_s
    late = bot_messages(slack)[0]

    async def the_late_one_came() -> bool:
        return bot_messages(slack)[0] is not late and not says_closed(slack)

    await becomes(the_late_one_came)
    await until_synced(thread, HEALED)
    assert says_closed(slack)


async def test_after_a_429_nothing_more_is_posted_to_that_channel_before_its_time(
    client: AsyncWebClient,
    redis: Redis,
    prefix: str,
    thread: SlackThread,
    slack: SlackWorkspaceServer,
    calls: Counter[str],
) -> None:
    slack.faults.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=3, channel=INCIDENTS)
    another = SlackThread(client, redis, prefix, lambda _: INCIDENTS)
    state = OPENED
    for asks in (thread, thread, another):
        with pytest.raises(SlackBusy, match="Slack asks to wait") as refused:
            await asks.sync(state)
        assert refused.value.outcome == "not_done"
        assert 1 < refused.value.wait_s <= (3 if state is OPENED else 4)
        state = replace(OPENED, id="inc-8")
    assert calls == {"chat.postMessage": 1}, "it was asked once, and then waited for, by every replica"

    with pytest.raises(SlackDown, match="/invite @neumann-bot"):
        await SlackThread(client, redis, prefix, lambda _: "C0GENERAL1").sync(replace(OPENED, id="inc-9"))
    await until_synced(thread, OPENED)
    assert keys(slack) == ["headline"]


async def test_when_the_channel_opens_again_a_new_incidents_headline_goes_before_other_replies(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    new = replace(OPENED, id="inc-8")
    await thread.sync(OPENED)
    slack.faults.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=2)
    for waits in (HEALED, new):
        with pytest.raises(SlackBusy):
            await thread.sync(waits)
    with pytest.raises(SlackBusy) as refused:
        await thread.sync(HEALED)
    assert refused.value.wait_s > 2, "the new one has its turn"
    await asyncio.gather(until_synced(thread, HEALED), until_synced(thread, new))
    assert keys(slack)[:3] == ["headline", "headline", "findings"]


async def test_in_a_storm_every_incident_has_its_headline_before_the_rest_follows_at_slacks_pace(
    redis: Redis, prefix: str, calls: Counter[str]
) -> None:
    async with (
        SlackWorkspaceServer(has_rate_limits=True) as strict,
        aiohttp.ClientSession(trace_configs=[counting(calls)]) as session,
    ):
        client = AsyncWebClient(
            token=strict.bot_token, base_url=f"{strict.url}/api/", session=session, retry_handlers=[]
        )
        thread = SlackThread(client, redis, prefix, lambda _: INCIDENTS)
        left = [replace(DIAGNOSED, id=f"inc-{number}") for number in range(1, 7)]
        async with asyncio.timeout(60):
            while left:
                for each in tuple(left):
                    try:
                        await thread.sync(each)
                    except SlackDown:
                        continue
                    left.remove(each)
                await asyncio.sleep(0.05)
        told_keys = keys(strict)
    assert Counter(told_keys) == {"headline": 6, "findings": 6}
    last_headline = len(told_keys) - 1 - told_keys[::-1].index("headline")
    assert told_keys[:last_headline].count("findings") <= 2, "those that went before others had to wait"
    assert calls["chat.postMessage"] <= 14, "Slack is asked no more often than it takes"


async def test_who_was_to_go_first_and_does_not_come_keeps_nobody(
    thread: SlackThread, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=1)
    with pytest.raises(SlackBusy):
        await thread.sync(OPENED)
    await until_synced(thread, replace(OPENED, id="inc-8"))
    assert keys(slack) == ["headline"]


async def test_a_429_keeps_edits_back_and_not_new_messages_and_then_shows_the_newest_state(
    thread: SlackThread, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    await thread.sync(OPENED)
    slack.faults.fail("chat.update", faults.RATE_LIMITED, retry_after_s=1)
    for state in (DIAGNOSED, HEALED):
        with pytest.raises(SlackDown, match="Slack asks to wait"):
            await thread.sync(state)
    assert keys(slack) == ALL_KEYS, "what is new is there already"
    calls.clear()
    await until_synced(thread, HEALED)
    assert calls["chat.update"] == 2, "the headline and the findings once each, as they are now"
    assert says_closed(slack)


async def test_a_post_that_was_refused_for_sure_is_not_looked_for(
    thread: SlackThread, slack: SlackWorkspaceServer, calls: Counter[str]
) -> None:
    slack.faults.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=1)
    await until_synced(thread, OPENED)
    assert calls == {"chat.postMessage": 2}


@pytest.mark.parametrize("before", [None, OPENED], ids=["before it was told", "after it was told"])
async def test_slack_away_while_everything_happened_costs_one_post_or_edit_a_message(
    redis: Redis,
    prefix: str,
    thread: SlackThread,
    slack: SlackWorkspaceServer,
    calls: Counter[str],
    before: Incident | None,
) -> None:
    if before:
        await thread.sync(before)
    away = AsyncWebClient(token="xoxb-x", base_url="http://127.0.0.1:1/api/", retry_handlers=[])
    cut_off = SlackThread(away, redis, prefix, lambda _: INCIDENTS)
    happened = incidents.healed()
    for length in range(2 if before else 1, len(happened) + 1):
        with pytest.raises(SlackDown):
            await cut_off.sync(incident(*happened[:length]))
    calls.clear()
    await until_synced(thread, HEALED)
    assert keys(slack) == ALL_KEYS
    wanted = {"chat.postMessage": len(ALL_KEYS)} if not before else {"chat.postMessage": 4, "chat.update": 1}
    assert calls == wanted
    assert says_closed(slack)


@pytest.mark.parametrize("run_before", ["the-run-before 0", "the-run-before abc", b"\xff \xff \xff", "x y z"])
async def test_a_failover_that_lost_every_note_of_a_thread_is_no_second_thread(
    thread: SlackThread, slack: SlackWorkspaceServer, redis: Redis, prefix: str, run_before: str | bytes
) -> None:
    known_before = f"{prefix}:redis-run"
    now = replace(DIAGNOSED, opened_at=datetime.now(UTC))
    await thread.sync(now)
    await redis.delete(f"{prefix}:thread:{now.id}")
    await redis.set(known_before, run_before)
    await thread.sync(now)
    assert keys(slack) == ["headline", "findings"]


async def test_what_is_no_answer_of_slacks_is_slack_being_down(redis: Redis, prefix: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy")

    async with talk(refuse, with_head=True) as url:
        client = AsyncWebClient(token="xoxb-x", base_url=f"{url}/api/", retry_handlers=[])
        with pytest.raises(SlackDown, match="nothing that can be read"):
            await SlackThread(client, redis, prefix, lambda _: INCIDENTS).sync(OPENED)
