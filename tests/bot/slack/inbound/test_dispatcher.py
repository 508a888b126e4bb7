"""A click that was acknowledged is answered, whichever process dies, and only if Slack sent it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nacl.signing import SigningKey
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.slack.inbound.dispatcher import TRY_AGAIN, Dispatcher
from bot.slack.inbound.request_queue import SlackRequest, SlackRequests
from bot.store.queues.stream import GROUP
from bot.store.signer import Signer
from bot.timing import Timing
from handlers.errors import StoreDown
from tests.bot.conftest import Becomes

KEY = SigningKey(b"k" * 32)
Listener = Callable[[str], Awaitable[None]]


@pytest.fixture
def requests(redis: Redis, prefix: str) -> SlackRequests:
    """At the door."""
    return SlackRequests(redis, prefix, "door", Signer(b"test", KEY))


@pytest.fixture
def replica(redis: Redis, prefix: str, slack_client: AsyncWebClient) -> Callable[..., Dispatcher]:
    """A process that answers; what a command says goes to the listener."""

    def make(name: str, listener: Listener, lease_s: float = 15.0) -> Dispatcher:
        timing = Timing(lease_s=lease_s, after_failure_s=0.1)
        app = AsyncApp(client=slack_client, signing_secret="unused", process_before_response=True)

        @app.command("/neumann")
        async def asked(ack: AsyncAck, command: dict[str, Any]) -> None:
            await listener(command["text"])
            await ack()

        @app.error
        async def failed(error: Exception) -> BoltResponse:
            return BoltResponse(status=TRY_AGAIN if isinstance(error, StoreDown) else 500)

        return Dispatcher(app, SlackRequests(redis, prefix, name, Signer(b"test", KEY), timing), timing)

    return make


@asynccontextmanager
async def running(answers: Dispatcher) -> AsyncIterator[None]:
    """To leave is to kill it wherever it stands."""
    task = asyncio.create_task(answers.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def command(text: str) -> SlackRequest:
    asked = {"command": "/neumann", "text": text, "user_id": "U0ALICE001", "team_id": "T0NEUMANN1"}
    return SlackRequest.read(json.dumps(asked), "application/json")


async def test_what_came_while_no_worker_ran_is_answered_by_the_first_that_does(
    requests: SlackRequests, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    heard: list[str] = []

    async def listener(text: str) -> None:
        heard.append(text)

    for number in range(200):
        assert await requests.store(command(str(number)), f"signature {number}")
    assert not await requests.store(command("0"), "signature 0")
    async with running(replica("one", listener)), running(replica("another", listener)):
        await becomes(lambda: _all_done(requests))
    assert sorted(map(int, heard)) == list(range(200)), "each once"


async def _all_done(requests: SlackRequests) -> bool:
    return await requests._redis.xlen(requests.stream.key) == 0


@pytest.mark.process
async def test_what_a_killed_process_had_begun_another_does_again(
    requests: SlackRequests, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    began, heard = asyncio.Event(), []

    async def hangs(_: str) -> None:
        began.set()
        await asyncio.Event().wait()

    async def listener(text: str) -> None:
        heard.append(text)

    async with running(replica("one", hangs)):
        await requests.store(command("status"), "a signature")
        await began.wait()
    async with running(replica("another", listener, 0.05)):
        await becomes(lambda: _all_done(requests))
    assert heard == ["status"]


@pytest.mark.process
async def test_an_answer_that_takes_long_is_not_begun_by_another(
    requests: SlackRequests, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    heard: list[str] = []

    async def slow(text: str) -> None:
        heard.append(text)
        await asyncio.sleep(2.5)

    async with running(replica("one", slow, 0.6)), running(replica("another", slow, 0.6)):
        await requests.store(command("watch"), "a signature")
        await becomes(lambda: _all_done(requests))
    assert heard == ["watch"]


@pytest.mark.process
async def test_what_redis_did_not_take_is_answered_later(
    requests: SlackRequests, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    heard: list[str] = []

    async def listener(text: str) -> None:
        heard.append(text)
        if len(heard) < 3:
            raise StoreDown

    async with running(replica("one", listener, 0.05)):
        await requests.store(command("status"), "a signature")
        await becomes(lambda: _all_done(requests))
    assert heard == ["status"] * 3


async def test_what_fails_inside_the_bot_is_not_tried_for_ever_and_holds_nobody_up(
    requests: SlackRequests, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    heard: list[str] = []

    async def listener(text: str) -> None:
        heard.append(text)
        if text == "odd":
            raise ZeroDivisionError

    async with running(replica("one", listener)):
        for text in ("odd", "good"):
            await requests.store(command(text), text)
        await becomes(lambda: _all_done(requests))
    assert sorted(heard) == ["good", "odd"]


async def test_row_08_what_somebody_else_wrote_to_redis_is_not_answered(
    requests: SlackRequests, redis: Redis, replica: Callable[..., Dispatcher], becomes: Becomes
) -> None:
    heard: list[str] = []

    async def listener(text: str) -> None:
        heard.append(text)

    await requests.store(command("genuine"), "a signature")
    genuine = await only_entry(redis, requests)
    forged = command("forged").body.encode()
    for seal in (
        b"",
        genuine[b"seal"],
        Signer(b"test", SigningKey.generate()).make(genuine[b"type"], forged),
    ):
        await redis.xadd(requests.stream.key, {"type": genuine[b"type"], "body": forged, "seal": seal})
    await redis.xadd(requests.stream.key, {"body": forged})
    with capture_logs() as logs:
        async with running(replica("one", listener)):
            await becomes(lambda: _all_done(requests))
    assert heard == ["genuine"]
    assert [entry["event"] for entry in logs].count("slack_request_not_ours") == 4


async def only_entry(redis: Redis, requests: SlackRequests) -> dict[bytes, Any]:
    entries: Any = await redis.xrange(requests.stream.key)
    ((_, fields),) = entries
    return dict(fields)


@pytest.mark.process
async def test_a_process_that_is_to_end_answers_what_it_holds_and_takes_nothing_new(
    requests: SlackRequests, redis: Redis, replica: Callable[..., Dispatcher]
) -> None:
    began, may_end, heard = asyncio.Event(), asyncio.Event(), []

    async def listener(text: str) -> None:
        began.set()
        await may_end.wait()
        heard.append(text)

    answers = replica("one", listener)
    async with running(answers):
        await requests.store(command("held"), "first")
        await began.wait()
        draining = asyncio.create_task(answers.drain(20))
        await asyncio.sleep(0)
        assert not draining.done(), "somebody waits for an answer"
        may_end.set()
        await draining
        assert heard == ["held"]
        assert await _all_done(requests)
        await requests.store(command("new"), "second")
        await asyncio.sleep(0.3)
    assert heard == ["held"]
    assert (await redis.xpending(requests.stream.key, GROUP))["pending"] == 0, "it is left to others"
    left = await only_entry(redis, requests)
    assert json.loads(left[b"body"])["text"] == "new"
