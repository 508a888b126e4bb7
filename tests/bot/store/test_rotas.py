"""Who is on call by a person's word is believed where a bot with the same keys wrote it, and nowhere else."""

from __future__ import annotations

import json
from datetime import timedelta

from nacl.signing import SigningKey
from redis.asyncio import Redis

from bot.store.rotas import SEAL_BYTES, SEAL_USE, RotaStore
from bot.store.signer import Signer
from handlers.domain.escalation.on_call import Override, Rota
from tests.builders import ALICE, BOB, NOON

OURS = SigningKey(b"the key that all replicas share.")
COMING = SigningKey(b"the key that is changed to soon.")
BOBS = Override(user=BOB.id, name="Bob", since=NOON, until=NOON + timedelta(hours=4), by=ALICE)
KEPT = Rota(override=BOBS, has_looked=True)


def store(redis: Redis, prefix: str, *keys: SigningKey) -> RotaStore:
    return RotaStore(redis, prefix, Signer(SEAL_USE, *(keys or (OURS,))))


async def test_what_is_kept_is_what_every_replica_reads(redis: Redis, prefix: str) -> None:
    assert await store(redis, prefix).read() == Rota()
    assert await store(redis, prefix).remember(Rota(), KEPT)
    assert await store(redis, prefix).read() == KEPT
    assert await store(redis, prefix, COMING, OURS).read() == KEPT, "while the key is changed"
    assert not await store(redis, prefix).remember(Rota(), Rota(has_looked=True)), "another was first"


async def test_whoever_writes_to_redis_puts_nobody_on_call(redis: Redis, prefix: str) -> None:
    await store(redis, prefix).remember(Rota(), KEPT)
    genuine = await redis.get(f"{prefix}:on-call")
    assert isinstance(genuine, bytes)
    seal, written = genuine[:SEAL_BYTES], genuine[SEAL_BYTES:]
    forged = json.dumps({**json.loads(written), "seen": {"user": "U0MALLORY", "name": "Mallory"}}).encode()
    for made_up in (forged, b"0" * 32 + forged, seal + forged, seal, b"", b"\xff \xff"):
        await redis.set(f"{prefix}:on-call", made_up)
        assert await store(redis, prefix).read() == Rota(), made_up
    assert await store(redis, prefix).remember(Rota(), KEPT), "and is written over"
    assert await store(redis, prefix).read() == KEPT
