"""The part of Redis that one run of the state machine has."""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis

from bot.store.compression import unpack


class Storage:
    """Copies the keys of one prefix, puts a copy back, and reads timelines as they stand."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix

    async def dump(self) -> dict[bytes, bytes]:
        """Return every key's value, as Redis serialises it."""
        keys = await self._keys()
        async with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.dump(key)
            return {key: dump for key, dump in zip(keys, await pipe.execute(), strict=True) if dump}

    async def restore(self, dump: dict[bytes, bytes]) -> None:
        """Put these values in the place of all that is there."""
        keys = await self._keys()
        async with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.delete(key)
            for key, value in dump.items():
                pipe.restore(key, 0, value)
            await pipe.execute()

    async def timelines(self, incidents: Iterable[str]) -> dict[str, list[tuple[bytes, bytes]]]:
        """Return the entries of these incidents' timelines, each with its position."""
        names = sorted(incidents)
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.xrange(f"{self._prefix}:timeline:{name}")
            found = await pipe.execute()
        entries = [[(place, unpack(fields[b"event"])) for place, fields in timeline] for timeline in found]
        return dict(zip(names, entries, strict=True))

    async def _keys(self) -> list[bytes]:
        return [key async for key in self._redis.scan_iter(match=f"{self._prefix}:*", count=1000)]
