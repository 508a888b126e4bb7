"""A primary that moves, under Sentinel or in a Cluster, is said plainly and followed without a hand."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

from bot.store.client import client_options, connect
from bot.store.failover import Following, NoPrimaryError
from bot.store.health import require_usable, why_not_ready
from bot.store.queues.due_queue import DueQueue, Taken
from bot.store.queues.inbox import Inbox
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity
from handlers.domain.incident import Incident
from handlers.errors import ConfigurationError, StoreDown
from lab.layout import Address
from tests.bot.conftest import CHAIN, SEAL, Becomes
from tests.bot.store.redis_cluster import RedisCluster, redis_cluster
from tests.bot.web.test_app import BODY, Site, open_site
from tests.builders import opened
from tests.redis_box import RedisBox, RedisPair, find_sentinel, redis_pair

pytestmark = pytest.mark.process

PREFIX = "{neumann}"
DEMO = IncidentIdentity("demo", "leader-election")
needs_sentinel = pytest.mark.skipif(not find_sentinel(), reason="redis-sentinel is not installed")


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[RedisPair]:
    async with redis_pair(tmp_path / "redis", sentinels=3) as running:
        yield running


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    async with redis_cluster(tmp_path, f"{PREFIX}:inbox") as running:
        yield running


async def site_on(parts: AsyncExitStack, url: str) -> Site:
    redis = await parts.enter_async_context(aclosing(connect(url, PREFIX)))
    await require_usable(redis)
    return await open_site(parts, redis, PREFIX)


async def refused_then_taken(
    site: Site, becomes: Becomes, break_it: Callable[[], Awaitable[None]]
) -> set[tuple[int, str]]:
    """What was answered to Alertmanager, which tries again and again, until one was taken."""
    assert (await site.post(BODY)).status_code == 200
    assert (await site.http.get("/readyz")).status_code == 200
    await break_it()
    answers: list[httpx.Response] = []

    async def taken() -> bool:
        answers.append(await site.post(BODY))
        return answers[-1].status_code == 200

    await becomes(taken)
    assert (await site.http.get("/readyz")).json() == {"ready": True}
    stored = await site.stored()
    assert len(stored) >= 2, "what was acknowledged before is there too"
    assert (await site.http.get("/livez")).text == "alive"
    return {(answer.status_code, answer.text) for answer in answers[:-1]}


@needs_sentinel
async def test_a_primary_that_dies_is_a_503_until_sentinel_names_another(
    parts: AsyncExitStack, pair: RedisPair, becomes: Becomes
) -> None:
    site = await site_on(parts, pair.url)

    async def kill_primary_and_one_sentinel() -> None:
        await pair.sentinels[0].kill()
        await pair.boxes[0].kill()
        assert (await site.http.get("/readyz")).status_code == 503

    refused = await refused_then_taken(site, becomes, kill_primary_and_one_sentinel)
    assert {status for status, _ in refused} == {503}
    assert all(sentence.endswith("; nothing was accepted.") for _, sentence in refused)


@needs_sentinel
async def test_a_primary_and_a_sentinel_that_stand_still_are_left_too(
    parts: AsyncExitStack, pair: RedisPair, becomes: Becomes
) -> None:
    site = await site_on(parts, pair.url)

    async def freeze() -> None:
        pair.sentinels[0].signal(signal.SIGSTOP)
        pair.boxes[0].freeze()

    try:
        refused = await refused_then_taken(site, becomes, freeze)
        assert {status for status, _ in refused} == {503}
    finally:
        pair.sentinels[0].signal(signal.SIGCONT)
        pair.boxes[0].thaw()


@needs_sentinel
async def test_a_worker_goes_on_where_it_was(
    parts: AsyncExitStack, pair: RedisPair, becomes: Becomes
) -> None:
    redis = await parts.enter_async_context(aclosing(connect(pair.url, PREFIX)))
    store, steps = TimelineStore(redis, PREFIX, CHAIN), DueQueue(redis, PREFIX, "steps")
    incident = await store.append(Incident(id=await store.claim(DEMO)), opened())
    await replicated(redis)
    await pair.boxes[0].kill()

    async def due() -> bool:
        try:
            return isinstance(await steps.take(), Taken)
        except StoreDown:
            return False

    await becomes(due)
    assert (await store.standing(DEMO, claim=False)).incident == incident
    assert await store.load(incident.id) == incident


@needs_sentinel
async def test_without_a_primary_that_is_well_it_is_said_so(parts: AsyncExitStack, pair: RedisPair) -> None:
    redis = await parts.enter_async_context(
        aclosing(connect(pair.url.replace("/neumann/", "/other/"), PREFIX))
    )
    assert str(await why_not_ready(redis, PREFIX)).startswith(
        "Redis has no primary now, or nobody that [redis] url names"
    )
    nobody = await parts.enter_async_context(
        aclosing(connect("redis+sentinel://127.0.0.1:1,127.0.0.1:2/neumann"))
    )
    assert "nobody that [redis] url names can be asked" in str(await why_not_ready(nobody, PREFIX))


class Moving:
    """Says where the primary is, as a Sentinel would; the test moves it."""

    def __init__(self, at: Address) -> None:
        self.at = at

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        assert service_name == "neumann"
        return self.at.host, self.at.port

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest_asyncio.fixture
async def boxes(tmp_path: Path, parts: AsyncExitStack) -> tuple[RedisBox, RedisBox]:
    one = RedisBox(tmp_path / "one")
    other = RedisBox(tmp_path / "other")
    for box in (one, other):
        await box.start()
        parts.push_async_callback(box.process.stop)
    return one, other


async def test_a_primary_that_was_made_a_replica_is_left_at_its_first_refusal(
    boxes: tuple[RedisBox, RedisBox], parts: AsyncExitStack
) -> None:
    one, other = boxes
    finder = Moving(one.address)
    redis = await parts.enter_async_context(aclosing(Following(finder, "neumann", **client_options())))
    store, inbox = TimelineStore(redis, PREFIX, CHAIN), Inbox(redis, PREFIX, "one", SEAL)

    def in_a_script() -> Awaitable[object]:
        return store.claim(IncidentIdentity(secrets.token_hex(4), "leader-election"))

    for call in (in_a_script, lambda: inbox.store(BODY, None), lambda: redis.incr("n")):
        finder.at = one.address
        await call()
        await order(one, "REPLICAOF", other.address.host, str(other.address.port))
        with pytest.raises((StoreDown, NoPrimaryError)):
            await call()  # by a connection that was open before
        with pytest.raises(StoreDown, match="Redis is failing over: what was its primary is a replica now"):
            await store.open_incidents()  # by a new one: whoever was asked does not know yet
        finder.at = other.address
        await call()
        await order(one, "REPLICAOF", "NO", "ONE")
        await redis.connection_pool.disconnect()


async def test_in_a_cluster_all_keys_are_on_one_shard_and_its_primary_may_move(
    parts: AsyncExitStack, cluster: RedisCluster, becomes: Becomes
) -> None:
    site = await site_on(parts, cluster.url)
    redis = await parts.enter_async_context(aclosing(connect(cluster.url, PREFIX)))
    store, steps = TimelineStore(redis, PREFIX, CHAIN), DueQueue(redis, PREFIX, "steps")
    incident = await store.append(Incident(id=await store.claim(DEMO)), opened())
    await replicated(redis)
    assert await cluster.ask(cluster.other, "DBSIZE") == 0

    refused = await refused_then_taken(site, becomes, cluster.fail_over)
    assert {status for status, _ in refused} <= {503}
    with pytest.raises(StoreDown, match="Redis is failing over"):
        await store.load(incident.id)  # by a connection that was open before
    assert await store.load(incident.id) == incident
    taken = await steps.take()
    assert isinstance(taken, Taken)
    await steps.release(taken, None)
    await store.release(DEMO, incident.id)
    assert await store.open_incidents() == ()
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(f"{PREFIX}:wake")
        await steps.mark(incident.id)
        heard = [await pubsub.get_message(timeout=5) for _ in range(2)]
        assert [each["type"] for each in heard if each] == ["subscribe", "message"]


NO_ADDRESS = {
    "redis+sentinel://host:26379": "after Sentinels comes the name they have for the primary",
    "redis+cluster://host/0": "after a cluster nothing",
    "redis+sentinel:///neumann": "it names no host",
    "redis+sentinel://host:port/neumann": "invalid literal|could not be cast",
    "redis+sentinel://host/neumann/zero": "invalid literal",
    "redis+other://host": r"is neither redis\+sentinel:// nor redis\+cluster://",
    "unix+sentinel://host/neumann": r"is neither redis\+sentinel:// nor redis\+cluster://",
}


@pytest.mark.parametrize(("url", "why"), NO_ADDRESS.items(), ids=NO_ADDRESS.keys())
def test_an_address_that_is_none_is_named(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        connect(url)


def test_a_cluster_needs_one_hash_tag_for_all_keys() -> None:
    with pytest.raises(ConfigurationError, match=r"needs a name in braces in \[redis\] prefix"):
        connect("redis+cluster://host", "neumann")


def test_an_address_may_hold_names_passwords_and_authorities() -> None:
    redis = connect(
        "rediss+sentinel://bot:s%40crt@h1,h2:26380,[::1]:3/neumann/4"
        "?sentinel_username=s&sentinel_password=p&ssl_ca_certs=/ca.pem"
    )
    assert isinstance(redis, Following)
    assert isinstance(redis.finder, Sentinel)
    kept = redis.connection_pool.connection_kwargs
    assert (kept["username"], kept["password"], kept["db"]) == ("bot", "s@crt", 4)
    assert kept["ssl_ca_certs"] == "/ca.pem"
    asked = [each.connection_pool.connection_kwargs for each in redis.finder.sentinels]
    assert [(each["host"], each["port"]) for each in asked] == [("h1", 26379), ("h2", 26380), ("::1", 3)]
    assert {(each["username"], each["password"], each["ssl_ca_certs"]) for each in asked} == {
        ("s", "p", "/ca.pem")
    }


async def replicated(redis: Redis) -> None:
    """Wait until the replica has what was written."""
    assert await redis.wait(1, 10_000) == 1


async def order(box: RedisBox, *words: str) -> None:
    async with Redis(host=box.address.host, port=box.address.port, protocol=2) as admin:
        await admin.execute_command(*words)
    await asyncio.sleep(0)
