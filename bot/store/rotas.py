"""Keep in Redis who is on call by a person's word, and which change of shift is still to be told."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import WatchError

from bot.store.errors import WHO_ELSE, WrongType, store_errors
from bot.store.foreign_keys import put_one_aside
from bot.store.keys import Keys
from handlers.domain.on_call import Rota

log = structlog.get_logger()


class RotaStore:
    """`handlers.ports.Rotas` over Redis; what cannot be read there is as if it had not been kept."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix, self._key = redis, prefix, Keys(prefix).on_call()

    async def read(self) -> Rota:
        """Return what is kept."""
        try:
            async with store_errors():
                kept = await self._redis.get(self._key)
        except WrongType:
            await put_one_aside(self._redis, self._prefix, self._key)
            return Rota()
        return self._parsed(kept)

    async def remember(self, before: Rota, after: Rota) -> bool:
        """Replace it where it is as it was read."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            await pipe.watch(self._key)
            if self._parsed(await pipe.get(self._key)) != before:
                return False
            pipe.multi()  # type: ignore[no-untyped-call]
            pipe.set(self._key, after.model_dump_json())
            try:
                await pipe.execute()
            except WatchError:
                return False
        return True

    def _parsed(self, kept: bytes | str | None) -> Rota:
        try:
            return Rota.model_validate_json(kept) if kept else Rota()
        except ValidationError as error:
            log.error("rota_unreadable", error=str(error), hint=WHO_ELSE)
            return Rota()
