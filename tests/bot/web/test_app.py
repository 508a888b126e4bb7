"""Alertmanager is told "stored" only when it is, and exactly why not otherwise."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
from structlog.testing import capture_logs

from bot.slack.delivery.refusal_store import RefusalStore, of_channel
from bot.slack.delivery.web_api import SlackRefused
from bot.slack.inbound.request_queue import SlackRequests
from bot.store.client import connect
from bot.store.keys import Keys
from bot.store.queues.inbox import Inbox
from bot.store.signer import Signer
from bot.web.app import Web
from handlers.domain.notification import read_notification
from tests.bot.conftest import SEAL, MortalRedis
from tests.bot.web.serving import serve
from tests.waiting import until

RECORDED = sorted((Path(__file__).parents[2] / "data" / "webhooks").glob("[a-z]*.json"))
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
        taken = map(self.inbox.opened, await self.inbox.stream.take_now())
        return [(each.body, each.cluster) for each in taken if each]


async def open_site(
    parts: AsyncExitStack, redis: Redis, prefix: str, hangs: Callable[[], str | None] = lambda: None
) -> Site:
    inbox = Inbox(redis, prefix, "test", SEAL)
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
        hangs=hangs,
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
    assert (answer.status_code, "version is missing" in answer.text) == (400, True)


async def test_an_alert_that_cannot_be_read_does_not_make_its_group_come_again_for_ever(site: Site) -> None:
    body = first_alert(startsAt="noon")
    assert (await site.post(body)).status_code == 200
    assert await site.stored() == [(body, None)]


async def test_a_body_over_the_limit_without_an_alert_is_refused(site: Site) -> None:
    answer = await site.post(b" " * (LIMIT + 1))
    assert (answer.status_code, "group by more labels" in answer.text) == (413, True)
    assert await site.stored() == []


async def test_a_body_that_says_it_is_many_times_too_large_is_not_read(site: Site) -> None:
    answer = await site.post(large(LIMIT * 17))
    assert answer.status_code == 413
    assert await site.stored() == []


def large(at_least: int) -> bytes:
    """A notification in which one alert is repeated under other fingerprints."""
    document = json.loads(BODY)
    one = document["alerts"][0]
    count = at_least // len(json.dumps(one)) + 1
    return json.dumps({**document, "alerts": [{**one, "fingerprint": str(n)} for n in range(count)]}).encode()


@pytest.mark.parametrize("chunked", [False, True])
async def test_of_a_group_that_is_too_large_what_fits_is_taken_and_the_rest_counts_as_left_out(
    site: Site, chunked: bool
) -> None:
    body = large(LIMIT * 3)

    async def in_parts() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 1000):
            yield body[at : at + 1000]

    content = in_parts() if chunked else body
    answer = await site.http.post("/alertmanager", content=content, headers=AUTHORIZED)
    assert (answer.status_code, answer.text) == (200, "stored")
    ((stored, _),) = await site.stored()
    taken = read_notification(stored)
    assert 0 < len(taken.alerts) < len(json.loads(body)["alerts"])
    assert [alert.fingerprint for alert in taken.alerts] == list(map(str, range(len(taken.alerts))))
    assert (taken.unreadable, taken.over_limit) == ((), 1)


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


async def test_who_hangs_up_in_mid_body_is_counted_and_not_logged_as_a_fault(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = site.http.base_url.host, site.http.base_url.port
    _, writer = await asyncio.open_connection(host, port)
    head = f"POST /alertmanager HTTP/1.1\r\nHost: bot\r\nAuthorization: bearer {TOKEN}\r\n"
    writer.write(head.encode() + b"Content-Length: 900\r\n\r\n{")
    await writer.drain()
    writer.close()

    async def is_counted() -> bool:
        page = (await site.http.get("/metrics")).text
        lines = [line for line in page.split("\n") if line.startswith("neumann_bot_answers_total{")]
        return any('"400"' in line for line in lines)

    await until(is_counted)
    assert "Traceback" not in caplog.text
    assert "ASGI" not in caplog.text


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
    ("path", "cluster"),
    [
        ("/alertmanager/", None),
        ("/alertmanager//", None),
        ("/alertmanager/demo/", "demo"),
        ("/alertmanager/eu%2Fdemo", "eu/demo"),
    ],
)
async def test_a_slash_at_the_end_loses_no_alert(site: Site, path: str, cluster: str | None) -> None:
    assert (await site.post(BODY, path)).status_code == 200
    assert await site.stored() == [(BODY, cluster)]


async def test_a_notification_to_another_address_leaves_a_log_line_and_a_count(site: Site) -> None:
    counted = 'neumann_bot_refused_notifications_total{reason="address"}'
    await site.post(BODY, "/alertmanger")
    before = metric((await site.http.get("/metrics")).text, counted)
    with capture_logs() as logs:
        assert "the webhook is /alertmanager" in (await site.post(BODY, "/alertmanger")).text
        stranger = await site.http.post("/alertmanger", content=BODY)
    assert (stranger.status_code, stranger.text) == (404, "Not Found")
    assert [(each["event"], each["reason"], each["status"]) for each in logs] == [
        ("notification_refused", "address", 404)
    ], "and strangers fill no log"
    assert metric((await site.http.get("/metrics")).text, counted) == before + 1


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
    with capture_logs() as logs:
        await site.post(b"{}")
        await site.http.post("/alertmanager", content=BODY)
        await site.post(b" " * (LIMIT + 1))
    refused = {"no_notification": 400, "token": 401, "too_large": 413}
    assert [(each["event"], each["reason"], each["status"]) for each in logs] == [
        ("notification_refused", reason, status) for reason, status in refused.items()
    ]
    page = (await site.http.get("/metrics")).text
    for reason in refused:
        assert metric(page, f'neumann_bot_refused_notifications_total{{reason="{reason}"}}') == 1
    for status in (200, 400, 401):
        assert metric(page, f'neumann_bot_answers_total{{route="alertmanager",status="{status}"}}') == 1
    assert metric(page, "neumann_bot_inbox_notifications ") == 1
    assert metric(page, "neumann_bot_slack_requests ") == 0
    assert metric(page, "neumann_bot_dead_notifications ") == 0
    assert metric(page, "neumann_bot_open_incidents ") == 0
    assert metric(page, "neumann_bot_redis_up ") == 1
    assert metric(page, 'neumann_bot_slack_refused{kind="channel"}') == 0
    hidden = SlackRefused("chat.postMessage", "is_archived")
    await RefusalStore(redis, "{test}").note(of_channel("C1"), hidden, hidden.refusal)
    page = (await site.http.get("/metrics")).text
    assert metric(page, 'neumann_bot_slack_refused{kind="channel"}') == 1
    assert metric(page, 'neumann_bot_slack_refused{kind="token"}') == 0
    await mortal_redis.stop()
    assert metric((await site.http.get("/metrics")).text, "neumann_bot_redis_up ") == 0


async def test_what_alertmanager_gives_up_on_is_seen_from_outside(
    parts: AsyncExitStack, redis: Redis, prefix: str
) -> None:
    site = await open_site(parts, redis, prefix)
    await site.post(BODY)
    assert (await site.http.get("/readyz")).json() == {"ready": True}
    await site.post(b" " * (LIMIT + 1))
    for _ in range(5):
        await site.post(b"{}")
    page = (await site.http.get("/metrics")).text
    for status in ("413", "400"):
        of = f'{{kind="{status}",source="webhook"}}'
        assert metric(page, f"neumann_bot_refusals{of}") == 1, "noted once a second, counted by the answers"
        assert metric(page, f"neumann_bot_refused_for_seconds{of}") >= 1
    ready = (await site.http.get("/readyz")).json()
    assert ready["ready"]
    assert [each.split(":")[0] for each in ready["troubles"]] == [
        "Notifications of Alertmanager are refused with status 400",
        "Notifications of Alertmanager are refused with status 413",
    ]


async def _misconf(redis: Redis, folder: Path) -> None:
    """RDB snapshots fail: their folder is gone."""
    gone = folder / "gone"
    gone.mkdir()
    await redis.config_set("dir", str(gone))
    await redis.config_set("save", "3600 1")
    gone.rmdir()
    await redis.bgsave()
    while (await redis.info("persistence"))["rdb_last_bgsave_status"] == "ok":
        await asyncio.sleep(0.02)


async def _no_replicas(redis: Redis, _: Path) -> None:
    await redis.config_set("min-replicas-to-write", 1)


async def _no_memory(redis: Redis, _: Path) -> None:
    await redis.config_set("maxmemory", 1)


async def _a_replica(redis: Redis, _: Path) -> None:
    await redis.replicaof("127.0.0.1", 1)


async def _not_permitted(redis: Redis, _: Path) -> None:
    await redis.execute_command("ACL", "SETUSER", "default", "-xadd")


@pytest.mark.process
@pytest.mark.parametrize("refuse", [_misconf, _no_replicas, _no_memory, _a_replica, _not_permitted])
async def test_a_redis_that_takes_no_writes_is_not_ready_whatever_the_reason(
    parts: AsyncExitStack,
    tmp_path: Path,
    refuse: Callable[[Redis, Path], Awaitable[None]],
) -> None:
    # Snapshots are made to fail by their folder, which may only be changed where that is allowed.
    own = MortalRedis(tmp_path, "--enable-protected-configs", "yes")
    await own.start()
    parts.push_async_callback(own.stop)
    redis = await parts.enter_async_context(aclosing(connect(own.url)))
    site = await open_site(parts, redis, "{test}")
    assert (await site.post(BODY)).status_code == 200
    assert (await site.http.get("/readyz")).status_code == 200
    await refuse(redis, tmp_path)
    assert (await site.post(BODY)).status_code == 503
    ready = await site.http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    page = (await site.http.get("/metrics")).text
    assert (metric(page, "neumann_bot_redis_takes_writes "), metric(page, "neumann_bot_redis_up ")) == (0, 1)


async def test_the_age_of_what_waits_is_told(parts: AsyncExitStack, redis: Redis, prefix: str) -> None:
    site = await open_site(parts, redis, prefix)
    now_s, _ = await redis.time()
    keys = Keys(prefix)
    await redis.xadd(keys.inbox(), {"body": "b"}, id=f"{(now_s - 100) * 1000}-0")
    await redis.xadd(keys.slack_requests(), {"body": "b"}, id=f"{(now_s - 200) * 1000}-0")
    await redis.zadd(keys.unshown(), {"inc-1": (now_s - 400) * 1e6, "inc-2": (now_s - 900) * 1e6})
    await redis.zadd(keys.due("views"), {"inc-1": now_s * 1e6})
    page = (await site.http.get("/metrics")).text
    for what, age_s in (("notification", 100), ("click", 200), ("message", 400)):
        assert age_s <= metric(page, f'neumann_bot_oldest_seconds{{what="{what}"}}') < age_s + 60
    assert len((await site.http.get("/readyz")).json()["troubles"]) == 3
    assert await redis.zrange(keys.unshown(), 0, -1) == [b"inc-1"], "the other one is shown: it is not due"


async def test_garbage_under_one_key_hides_none_of_the_other_figures(
    parts: AsyncExitStack, redis: Redis, prefix: str
) -> None:
    site = await open_site(parts, redis, prefix)
    await site.post(BODY)
    await redis.set(Keys(prefix).open(), "garbage")
    page = (await site.http.get("/metrics")).text
    assert metric(page, "neumann_bot_inbox_notifications ") == 1
    assert metric(page, "neumann_bot_redis_up ") == 1


def test_the_recorded_bodies_are_there() -> None:
    assert len(RECORDED) >= 7
    assert all(read_notification(file.read_bytes()).alerts for file in RECORDED)


async def test_a_worker_that_hangs_beside_it_is_no_process_that_lives(
    parts: AsyncExitStack, redis: Redis, prefix: str
) -> None:
    site = await open_site(parts, redis, prefix, lambda: "the worker has got on with nothing for 301 s")
    answer = await site.http.get("/livez")
    assert (answer.status_code, answer.text) == (503, "the worker has got on with nothing for 301 s")
    assert (await site.http.get("/readyz")).status_code == 200, "it stores what it is sent"
