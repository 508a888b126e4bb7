"""With `wait_for_replicas` Alertmanager is told "stored" once a replica has it: a failover loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.store.client import connect
from bot.store.queues.inbox import Inbox, StoredNotification
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity
from handlers.errors import StoreDown
from tests.bot.conftest import CHAIN, SEAL, Becomes
from tests.builders import opened
from tests.redis_box import RedisBox

pytestmark = pytest.mark.process
PREFIX = "{test}"
IDENTITY = IncidentIdentity(cluster="demo", runbook="leader-election")

Pair = tuple[RedisBox, RedisBox]


@pytest_asyncio.fixture
async def pair(tmp_path: Path, becomes: Becomes) -> AsyncIterator[Pair]:
    """A primary and a replica that is in step."""
    primary = RedisBox(tmp_path / "primary")
    replica = RedisBox(tmp_path / "replica", "--replicaof", primary.address.host, str(primary.address.port))
    for box in (primary, replica):
        await box.start()
    async with aclosing(client_of(primary)) as redis:
        await redis.set("x", 1)
        await becomes(lambda: redis.wait(1, 100))
    yield primary, replica
    replica.thaw()
    for box in (primary, replica):
        await box.process.stop()


def client_of(box: RedisBox) -> Redis:
    return connect(f"redis://{box.address}/0")


async def test_what_was_answered_with_stored_is_on_the_replica_when_the_primary_is_killed(pair: Pair) -> None:
    primary, replica = pair
    async with aclosing(client_of(primary)) as redis:
        await Inbox(redis, PREFIX, "web", SEAL, wait_for_replicas=1).store(b"{}", "demo")
        store = TimelineStore(redis, PREFIX, CHAIN, wait_for_replicas=1)
        incident = await store.load(await store.claim(IDENTITY))
        await store.append(incident, opened())
        await primary.kill()
    async with aclosing(client_of(replica)) as promoted:
        await promoted.replicaof("NO", "ONE")
        inbox = Inbox(promoted, PREFIX, "worker", SEAL)
        (entry,) = await inbox.stream.take_now()
        assert inbox.opened(entry) == StoredNotification(b"{}", "demo")
        store = TimelineStore(promoted, PREFIX, CHAIN)
        assert await store.claim(IDENTITY) == incident.id, "the same incident, and so the same thread"
        assert (await store.load(incident.id)).opened_at is not None


async def test_a_replica_that_is_behind_is_a_503_and_what_the_bot_does_goes_on(pair: Pair) -> None:
    primary, replica = pair
    async with aclosing(client_of(primary)) as redis:
        inbox = Inbox(redis, PREFIX, "web", SEAL, wait_for_replicas=1)
        store = TimelineStore(redis, PREFIX, CHAIN, wait_for_replicas=1)
        incident = await store.load(await store.claim(IDENTITY))
        replica.freeze()
        with pytest.raises(StoreDown, match="wait_for_replicas asks for; it counts as not accepted"):
            await inbox.store(b"{}", "demo")
        with capture_logs() as logs:
            assert (await store.append(incident, opened())).position == 1
        assert [each["event"] for each in logs] == ["replicas_behind"]
        await Inbox(redis, PREFIX, "web", SEAL).store(b"{}", "demo")  # who does not ask does not wait
        replica.thaw()
        await inbox.store(b"{}", "demo")
