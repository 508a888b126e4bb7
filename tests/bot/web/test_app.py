"""Alertmanager is told "stored" only when it is, and exactly why not otherwise."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from nacl.signing import SigningKey
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncApp

from bot.slack.delivery.refusal_store import RefusalStore, of_channel
from bot.slack.delivery.web_api import SlackRefused
from bot.slack.inbound.request_queue import SlackRequests
from bot.store.client import connect
from bot.store.inbox import Inbox, StoredNotification
from bot.store.signer import Signer
from bot.web.app import Web
from handlers.domain.notification import Notification
from tests.bot.conftest import MortalRedis
from tests.bot.web.serving import serve

RECORDED = sorted((Path(__file__).parents[2] / "data" / "webhooks").glob("*.json"))
TOKEN = "a-webhook-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
LIMIT = 65_536
BODY = RECORDED[0].read_bytes()


@dataclass(frozen=True)
class Site:
    """The bot's HTTP side on a socket of its own, and what it stores."""

    http: httpx.AsyncClient
    inbox: Inbox

    async def post(self, body: bytes, path: str = "/alertmanager", **headers: str) -> httpx.Response:
        return await self.http.post(path, content=body, headers={**AUTHORIZED, **headers})

    async def stored(self) -> list[tuple[bytes, str | None]]:
        taken = map(StoredNotification.of, await self.inbox.stream.take_now())
        return [(each.body, each.cluster) for each in taken]


async def open_site(parts: AsyncExitStack, redis: Redis, prefix: str) -> Site:
    inbox = Inbox(redis, prefix, consumer="test")
    slack = AsyncApp(signing_secret="unused", token="xoxb-unused")
    web = Web(
        inbox=inbox,
        redis=redis,
        prefix=prefix,
        token=TOKEN,
        max_body_bytes=LIMIT,
        slack=slack,
        requests=SlackRequests(redis, prefix, "test", Signer(b"test", SigningKey.generate())),
        signing_secret="unused",
    )
    url = await parts.enter_async_context(serve(web.app()))
    http = await parts.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=10))
    return Site(http, inbox)


@pytest_asyncio.fixture(scope="module")
async def open_to_all(redis_url: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as parts:
        redis = await parts.enter_async_context(aclosing(connect(redis_url)))
        yield await open_site(parts, redis, f"{{test-{secrets.token_hex(6)}}}")


@pytest.fixture
async def site(open_to_all: Site) -> Site:
    """One site for the whole module, with nothing in it that an earlier test stored."""
    while await open_to_all.stored():
        pass
    return open_to_all


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_what_alertmanager_really_sends_is_stored_to_the_byte(site: Site, file: Path) -> None:
    answer = await site.post(file.read_bytes())
    assert (answer.status_code, answer.text) == (200, "stored")
    assert await site.stored() == [(file.read_bytes(), None)]


async def test_the_address_may_name_the_cluster(site: Site) -> None:
    assert (await site.post(BODY, "/alertmanager/demo")).status_code == 200
    assert await site.stored() == [(BODY, "demo")]


async def test_a_future_alertmanager_may_say_more(site: Site) -> None:
    body = json.loads(BODY)
    body["newField"] = body["alerts"][0]["anotherField"] = {"a": [1]}
    assert (await site.post(json.dumps(body).encode())).status_code == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xe9"]
)
async def test_without_the_token_nothing_is_stored(site: Site, authorization: str) -> None:
    answer = await site.http.post(
        "/alertmanager", content=BODY, headers={b"Authorization": authorization.encode("latin-1")}
    )
    assert (answer.status_code, answer.text) == (401, "The bearer token is missing or wrong.")
    assert (await site.http.post("/alertmanager", content=BODY)).status_code == 401
    assert await site.stored() == []


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(BODY), **fields}).encode()


def first_alert(**fields: Any) -> bytes:
    body = json.loads(BODY)
    body["alerts"][0].update(fields)
    return json.dumps(body).encode()


NO_NOTIFICATION = {
    "nothing": b"",
    "not JSON": b"alert!",
    "a form": b"payload=%7B%7D",
    "half a body": BODY[: len(BODY) // 2],
    "not UTF-8": BODY.replace(b"demo", b"d\xe9mo"),
    "a list": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "too deep": b"[" * 30_000,
    "too deep inside": changed(status="firing").replace(b'"firing"', b"[" * 20_000, 1),
    "version 3": changed(version="3"),
    "version as a number": changed(version=4),
    "no alerts": changed(alerts=[]),
    "alerts of another type": changed(alerts="none"),
}


@pytest.mark.parametrize("body", NO_NOTIFICATION.values(), ids=NO_NOTIFICATION.keys())
async def test_what_is_no_notification_gets_one_sentence(site: Site, body: bytes) -> None:
    answer = await site.post(body)
    assert answer.status_code == 400
    assert answer.text.startswith("This is no Alertmanager v4 notification: ")
    assert "\n" not in answer.text
    assert "Traceback" not in answer.text
    assert len(answer.text) < 300
    assert await site.stored() == []


async def test_a_custom_payload_is_a_400(site: Site) -> None:
    answer = await site.post(b'{"text": "NoLeader fires on demo"}')
    assert (answer.status_code, "version: Field required" in answer.text) == (400, True)


async def test_an_alert_that_cannot_be_read_does_not_make_its_group_come_again_for_ever(site: Site) -> None:
    body = first_alert(startsAt="noon")
    assert (await site.post(body)).status_code == 200
    assert await site.stored() == [(body, None)]


async def test_a_body_that_says_it_is_too_large_is_not_read(site: Site) -> None:
    answer = await site.post(b" " * (LIMIT + 1))
    assert (answer.status_code, "max_alerts" in answer.text) == (413, True)
    assert await site.stored() == []


async def test_a_body_that_does_not_say_so_is_refused_before_its_end(site: Site) -> None:
    async def until_refused() -> None:
        host, port = site.http.base_url.host, site.http.base_url.port
        reader, writer = await asyncio.open_connection(host, port)
        head = f"POST /alertmanager HTTP/1.1\r\nHost: bot\r\nAuthorization: Bearer {TOKEN}\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(LIMIT // 1024 + 1):
            writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        answer = await reader.readline()  # the last chunk was never sent
        writer.close()
        assert b" 413 " in answer

    await asyncio.wait_for(until_refused(), 10)
    assert await site.stored() == []


async def test_as_much_as_is_allowed_is_taken(site: Site) -> None:
    body = BODY + b" " * (LIMIT - len(BODY))
    assert (await site.post(body)).status_code == 200
    chunks: Iterator[bytes] = iter([body[:100], body[100:]])

    async def undeclared() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    answer = await site.http.post("/alertmanager", content=undeclared(), headers=AUTHORIZED)
    assert answer.status_code == 200
    assert await site.stored() == [(body, None)] * 2


async def test_the_version_can_be_asked_for(parts: AsyncExitStack, redis: Redis) -> None:
    site = await open_site(parts, redis, "{test}")
    assert (await site.http.get("/version")).json() == {"version": metadata.version("neumann-bot")}


async def test_store_down_is_a_503_so_alertmanager_keeps_it_and_sends_it_again(
    parts: AsyncExitStack, mortal_redis: MortalRedis
) -> None:
    redis = connect(mortal_redis.url)
    parts.push_async_callback(redis.aclose)
    site = await open_site(parts, redis, "{test}")
    assert (await site.http.get("/readyz")).json() == {"ready": True}
    await mortal_redis.stop()

    answer = await site.post(BODY)
    assert (answer.status_code, "nothing was accepted" in answer.text) == (503, True)
    assert (await site.http.get("/readyz")).status_code == 503
    assert (await site.http.get("/livez")).text == "alive", "the process itself is well: no restart helps"

    await mortal_redis.start()
    assert (await site.http.get("/readyz")).status_code == 200
    assert (await site.post(BODY)).status_code == 200
    assert await site.stored() == [(BODY, None)]


async def test_a_redis_without_memory_is_a_503_that_says_so_and_mends_itself(
    parts: AsyncExitStack, mortal_redis: MortalRedis
) -> None:
    redis = await parts.enter_async_context(aclosing(connect(mortal_redis.url)))
    site = await open_site(parts, redis, "{test}")
    await redis.config_set("maxmemory", 1)
    answer = await site.post(BODY)
    assert (answer.status_code, answer.text) == (503, "Redis has no memory left; nothing was accepted.")
    ready = await site.http.get("/readyz")
    assert (ready.status_code, ready.json()["reason"].split(";")[0]) == (503, "Redis has no memory left")
    await redis.config_set("maxmemory", 0)
    assert await site.stored() == []
    assert (await site.post(BODY)).status_code == 200
    assert (await site.http.get("/readyz")).json() == {"ready": True}


async def test_a_hundred_at_once_are_a_hundred_stored(site: Site) -> None:
    bodies = [BODY + b" " * number for number in range(100)]
    answers = await asyncio.gather(*map(site.post, bodies))
    assert {answer.status_code for answer in answers} == {200}
    stored = [body for _ in range(3) for body, _ in await site.stored()]
    assert sorted(stored, key=len) == bodies


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/alertmanager", 405), ("GET", "/", 404)])
async def test_nothing_else_is_served(site: Site, method: str, path: str, status: int) -> None:
    assert (await site.http.request(method, path, headers=AUTHORIZED)).status_code == status


@pytest.mark.parametrize(
    "path", ["/alertmanager/", "/alertmanager/demo/", "//alertmanager", "/alertmanager?x"]
)
async def test_301_and_302_never_come_from_the_bot(site: Site, path: str) -> None:
    answer = await site.post(BODY, path)
    assert answer.status_code in (200, 404)
    assert len(await site.stored()) == (answer.status_code == 200)


def metric(page: str, name: str) -> float:
    return float(next(line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(name)))


async def test_the_bot_has_metrics_of_its_own(parts: AsyncExitStack, mortal_redis: MortalRedis) -> None:
    redis = await parts.enter_async_context(aclosing(connect(mortal_redis.url)))
    site = await open_site(parts, redis, "{test}")
    await site.post(BODY)
    await site.post(b"{}")
    await site.http.post("/alertmanager", content=BODY)
    page = (await site.http.get("/metrics")).text
    for status in (200, 400, 401):
        assert metric(page, f'neumann_bot_answers_total{{route="alertmanager",status="{status}"}}') == 1
    assert metric(page, "neumann_bot_inbox_notifications ") == 1
    assert metric(page, "neumann_bot_slack_requests ") == 0
    assert metric(page, "neumann_bot_dead_notifications ") == 0
    assert metric(page, "neumann_bot_open_incidents ") == 0
    assert metric(page, "neumann_bot_redis_up ") == 1
    assert metric(page, 'neumann_bot_slack_refused{kind="channel"}') == 0
    refused = SlackRefused("chat.postMessage", "is_archived")
    await RefusalStore(redis, "{test}").note(of_channel("C1"), refused, refused.refusal)
    page = (await site.http.get("/metrics")).text
    assert metric(page, 'neumann_bot_slack_refused{kind="channel"}') == 1
    assert metric(page, 'neumann_bot_slack_refused{kind="token"}') == 0
    await mortal_redis.stop()
    assert metric((await site.http.get("/metrics")).text, "neumann_bot_redis_up ") == 0


def test_the_recorded_bodies_are_there() -> None:
    assert len(RECORDED) >= 7
    assert all(Notification.model_validate_json(file.read_bytes()) for file in RECORDED)
