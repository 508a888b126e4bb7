"""What claims to come from Slack is answered plainly, once, and passes only with Slack's signature."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from nacl.signing import SigningKey
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.inbound import signature
from bot.slack.inbound.request_queue import SlackRequests
from bot.store.client import connect
from bot.store.queues.inbox import Inbox
from bot.store.signer import Signer
from bot.web.app import Web
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import SEAL, MortalRedis
from tests.bot.web.serving import serve

FORM = urlencode(
    {
        "command": "/neumann",
        "text": "hellö",
        "user_id": "U0ALICE001",
        "team_id": "T0NEUMANN1",
        "channel_id": "C0INCIDENT",
    }
).encode()
UNSIGNED = "The request carries no Slack signature."


@dataclass
class Door:
    """Sends what Slack sends, or nearly."""

    http: httpx.AsyncClient
    secret: str
    redis: Redis
    prefix: str
    requests: SlackRequests
    submitted: list[str] = field(default_factory=list)

    async def stored(self) -> list[str]:
        """What came through, once: it is forgotten."""
        bodies = []
        for entry in await self.requests.stream.take_now():
            request = self.requests.opened(entry)
            assert request
            bodies.append(request.body)
            await self.requests.stream.release(entry, None)
        return bodies

    def signed(self, body: bytes = FORM, *, age_s: int = 0, secret: str = "") -> dict[str, str]:
        timestamp = str(int(time.time()) - age_s)
        verifier = SignatureVerifier(secret or self.secret)
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": verifier.generate_signature(timestamp=timestamp, body=body) or "",
        }

    async def send(self, headers: dict[str, str], body: bytes = FORM) -> tuple[int, str]:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await self.http.post("/slack/events", content=body, headers=raw)
        return answer.status_code, answer.text


async def open_door(parts: AsyncExitStack, redis: Redis, prefix: str, slack: SlackWorkspaceServer) -> Door:
    client = AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/")
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)
    inbox = Inbox(redis, prefix, "test", SEAL)
    requests = SlackRequests(redis, prefix, "test", Signer(b"test", SigningKey.generate()))
    web = Web(
        inbox=inbox,
        redis=redis,
        prefix=prefix,
        token="unused",
        max_body_bytes=1024,
        slack=app,
        requests=requests,
        signing_secret=slack.signing_secret,
    )
    url = await parts.enter_async_context(serve(web.app()))
    http = await parts.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=10))
    door = Door(http, slack.signing_secret, redis, prefix, requests)

    @app.view("plan")
    async def submitted(ack: AsyncAck, view: dict[str, str]) -> None:
        door.submitted.append(view["private_metadata"])
        await ack(response_action="clear")

    return door


@pytest_asyncio.fixture(scope="module")
async def one_door(redis_url: str) -> AsyncIterator[Door]:
    async with AsyncExitStack() as parts:
        slack = await parts.enter_async_context(SlackWorkspaceServer())
        redis = await parts.enter_async_context(aclosing(connect(redis_url)))
        yield await open_door(parts, redis, f"{{test-{secrets.token_hex(6)}}}", slack)


@pytest.fixture
async def door(one_door: Door) -> Door:
    """One door for the whole module, behind which nothing lies yet."""
    await one_door.stored()
    one_door.submitted.clear()
    return one_door


async def test_row_02_what_slack_signed_is_heard_once_and_never_again(door: Door) -> None:
    headers = door.signed(age_s=1)  # the other tests sign the same body, now
    assert (await door.send(headers))[0] == 200
    assert await door.send(headers) == (401, "This request has been seen before.")
    assert await door.stored() == [FORM.decode()]


async def test_a_modal_that_is_submitted_is_answered_at_once_and_once(door: Door) -> None:
    view = {"callback_id": "plan", "private_metadata": "a handle", "type": "modal"}
    body = urlencode({"payload": json.dumps({"type": "view_submission", "view": view})}).encode()
    headers = door.signed(body)
    status, answer = await door.send(headers, body)
    assert (status, json.loads(answer)) == (200, {"response_action": "clear"})
    assert (await door.send(headers, body))[0] == 401
    assert door.submitted == ["a handle"]
    assert await door.stored() == []


async def test_slacks_question_whose_address_this_is_is_answered_at_once(door: Door) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw"}).encode()
    headers = {**door.signed(body), "Content-Type": "application/json"}
    status, answer = await door.send(headers, body)
    assert (status, json.loads(answer)) == (200, {"challenge": "3eZbrw"})


async def test_an_event_that_slack_sends_again_is_taken_once(door: Door) -> None:
    """Slack signs it anew each time, and goes on until it hears 200."""
    body = json.dumps(
        {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_mention"}}
    ).encode()
    for age_s in range(3):
        headers = {**door.signed(body, age_s=age_s), "Content-Type": "application/json"}
        assert (await door.send(headers, body)) == (200, "")
    assert await door.stored() == [body.decode()]


@pytest.mark.parametrize("body", [b"{", b"[]", b"payload=%7B", b"payload=1"])
async def test_what_slack_signed_and_nobody_can_read_is_said_to_be_so(door: Door, body: bytes) -> None:
    kind = "application/json" if body[:1] in b"{[" else "application/x-www-form-urlencoded"
    headers = {**door.signed(body), "Content-Type": kind}
    assert await door.send(headers, body) == (400, "This is not a request from Slack.")


NOT_OURS = "The request is not signed with this app's secret."


async def test_row_01_another_signature_is_not_heard_and_leaves_nothing_behind(door: Door) -> None:
    before = await door.redis.keys(f"{door.prefix}:*")
    assert await door.send(door.signed(secret="another")) == (401, NOT_OURS)
    assert await door.send(door.signed(age_s=2), FORM + b"&text=more") == (401, NOT_OURS)
    for number in range(20):
        assert (await door.send({**door.signed(), "X-Slack-Signature": f"v0={number:064x}"}))[0] == 401
    assert await door.stored() == []
    assert sorted(await door.redis.keys(f"{door.prefix}:*")) == sorted(before), "strangers fill no Redis"


@pytest.mark.parametrize("age_s", [3600, -3600], ids=["captured an hour ago", "the clock here is wrong"])
async def test_row_01_a_signature_of_another_time_is_told_from_a_wrong_one(door: Door, age_s: int) -> None:
    status, sentence = await door.send(door.signed(age_s=age_s))
    assert status == 401
    assert re.match(r"The request is 3(60|59)\d s from this machine's time: too old, or ", sentence)
    assert await door.stored() == []


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", "1e9", "\xb2\xb3", "0x10"])
async def test_row_01_a_timestamp_that_is_no_number_is_no_signature(door: Door, timestamp: str) -> None:
    assert await door.send({**door.signed(), "X-Slack-Request-Timestamp": timestamp}) == (401, UNSIGNED)


async def test_a_timestamp_without_end_is_no_signature(door: Door) -> None:
    assert (await door.send({**door.signed(), "X-Slack-Request-Timestamp": "9" * 5000}))[0] == 401


async def test_row_01_a_signature_that_is_no_ascii_is_none(door: Door) -> None:
    assert await door.send({**door.signed(), "X-Slack-Signature": "v0=\xe9"}) == (401, UNSIGNED)


async def test_no_headers_at_all(door: Door) -> None:
    assert await door.send({}) == (401, UNSIGNED)
    assert (await door.send({"X-Slack-Request-Timestamp": str(int(time.time()))}))[0] == 401


async def test_row_01_a_body_that_is_not_utf8_is_refused_even_if_signed(door: Door) -> None:
    body = FORM + b"\xff"  # the verifier itself would raise on it
    assert await door.send({**door.signed(), "X-Slack-Signature": "v0=x"}, body) == (
        401,
        "The request is not UTF-8.",
    )


async def test_a_body_over_the_limit_is_not_read(door: Door) -> None:
    body = b"x" * (signature.MAX_BODY_BYTES + 1)
    assert await door.send(door.signed(), body) == (413, "The body is too large.")


async def test_row_02_while_redis_is_away_nothing_is_taken_that_might_be_a_repeat(
    parts: AsyncExitStack, mortal_redis: MortalRedis, slack: SlackWorkspaceServer
) -> None:
    redis = connect(mortal_redis.url)
    parts.push_async_callback(redis.aclose)
    door = await open_door(parts, redis, "{test}", slack)
    await mortal_redis.stop()
    headers = door.signed()
    assert (await door.send(headers))[0] == 503
    await mortal_redis.start()
    assert (await door.send(headers))[0] == 200
    assert await door.stored() == [FORM.decode()]
