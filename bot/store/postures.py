"""Keep postures in Redis: for each cluster a bounded stream of samples, its standing and its mutes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.store.compression import pack, unpack
from bot.store.errors import WHO_ELSE, WrongType, store_errors, text
from bot.store.foreign_keys import put_one_aside
from bot.store.keys import Keys
from handlers.domain.posture.watch import Mute, Standing
from runbooks.posture.model import Check
from runbooks.posture.samples import KEPT_SAMPLES, Sample

log = structlog.get_logger()

FIELD = "sample"
MAX_SAMPLE_BYTES = 1_000_000
_SAMPLE = msgspec.json.Decoder(Sample)


class PostureStore:
    """`handlers.ports.Postures` over Redis; what cannot be read there is as if it had not been kept."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix, self._keys = redis, prefix, Keys(prefix)

    @asynccontextmanager
    async def _own(self, key: str) -> AsyncIterator[None]:
        """Bound commands on a key; what is of another type there is put aside, and counts as not there."""
        try:
            async with store_errors():
                yield
        except WrongType:
            await put_one_aside(self._redis, self._prefix, key)

    async def samples(self, cluster: str) -> tuple[Sample, ...]:
        """Return the kept samples, oldest first."""
        key = self._keys.posture_samples(cluster)
        entries: Any = ()
        async with self._own(key):
            entries = await self._redis.xrevrange(key, count=KEPT_SAMPLES)
        found = []
        for _, fields in entries or ():
            await asyncio.sleep(0)  # a week of a large cluster takes most of a second to parse
            try:
                packed: Any = next(iter((fields or {}).values()), b"")
                found.append(_SAMPLE.decode(unpack(packed, MAX_SAMPLE_BYTES)))
            except msgspec.DecodeError as error:
                self._unreadable(cluster, error)
        return tuple(sorted(found, key=lambda sample: sample.at))

    async def add_sample(self, cluster: str, sample: Sample) -> None:
        """Keep a sample; the oldest one beyond the bound goes."""
        key = self._keys.posture_samples(cluster)
        packed = pack(msgspec.json.encode(sample))
        async with self._own(key):
            await self._redis.xadd(key, {FIELD: packed}, maxlen=KEPT_SAMPLES, approximate=False)

    async def standing(self, cluster: str) -> Standing:
        """Return what was kept of the last look; an empty one where there is none."""
        key, kept = self._keys.posture(cluster), None
        async with self._own(key):
            kept = await self._redis.get(key)
        try:
            packed: Any = kept
            return Standing.model_validate_json(unpack(packed)) if kept else Standing()
        except ValidationError as error:
            self._unreadable(cluster, error)
            return Standing()

    async def remember(self, cluster: str, standing: Standing) -> None:
        """Replace the standing."""
        async with store_errors():
            await self._redis.set(self._keys.posture(cluster), pack(standing.model_dump_json().encode()))

    async def mutes(self, cluster: str) -> Mapping[Check, Mute]:
        """Return the mutes that have not ended, by Redis' clock."""
        key, kept, now_s = self._keys.posture_mutes(cluster), {}, 0
        async with self._own(key):
            now_s, _ = await self._redis.time()
            kept = await self._redis.hgetall(key)
        now, found = datetime.fromtimestamp(int(now_s), UTC), {}
        for check, mute in kept.items():
            try:
                found[Check(text(check))] = Mute.model_validate_json(mute)
            except (ValidationError, ValueError) as error:
                self._unreadable(cluster, error)
        return {check: mute for check, mute in found.items() if now < mute.until}

    async def mute(self, cluster: str, check: Check, mute: Mute | None) -> None:
        """Mute a check, or take its mute away."""
        key = self._keys.posture_mutes(cluster)
        async with store_errors():
            if mute is None:
                await self._redis.hdel(key, check.value)
            else:
                await self._redis.hset(key, check.value, mute.model_dump_json())

    def _unreadable(self, cluster: str, error: Exception) -> None:
        log.error("posture_unreadable", cluster=cluster, error=str(error), hint=WHO_ELSE)
