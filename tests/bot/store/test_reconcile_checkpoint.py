"""The last look at the alerting is kept for all replicas; what cannot be read is looked for anew."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.store.keys import Keys
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from handlers.domain.alert_sources import ReconcileCheckpoint
from tests.builders import NOON


@pytest.mark.parametrize("garbage", [b"\xff", b"{}", b"[]", b"1e999", b'{"at": "noon"}'])
async def test_what_is_no_checkpoint_is_none_and_is_written_over(
    redis: Redis, prefix: str, garbage: bytes
) -> None:
    store, looked = ReconcileCheckpointStore(redis, prefix), ReconcileCheckpoint(at=NOON)
    await redis.set(Keys(prefix).reconcile_checkpoint(), garbage)
    assert await store.last() is None
    await store.remember(looked)
    assert await store.last() == looked


async def test_nor_is_a_key_of_another_type(redis: Redis, prefix: str) -> None:
    store = ReconcileCheckpointStore(redis, prefix)
    await redis.lpush(Keys(prefix).reconcile_checkpoint(), "x")
    assert await store.last() is None
    await store.remember(ReconcileCheckpoint(at=NOON))
    assert await store.last() is not None
