"""Keep in Redis who is on call by a person's word, and which change of shift is still to be told."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import WatchError

from bot.store.errors import WHO_ELSE, WrongType, store_errors
from bot.store.foreign_keys import put_one_aside
from bot.store.keys import Keys
from bot.store.signer import Signer
from handlers.domain.escalation.on_call import Rota

log = structlog.get_logger()


SEAL_USE = b"neumann-bot rota, version 1"

SEAL_BYTES = 32
"""Of HMAC-SHA256."""


class RotaStore:
    """`handlers.ports.Rotas` over Redis: a seal, and JSON behind it, since it decides who is told.

    What cannot be read there, or no bot with these keys has written, is as if it had not been kept.
    """

    def __init__(self, redis: Redis, prefix: str, seal: Signer) -> None:
        self._redis, self._prefix, self._key = redis, prefix, Keys(prefix).on_call()
        self._seal = seal

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
            written = after.model_dump_json().encode()
            pipe.set(self._key, self._seal.make(written) + written)
            try:
                await pipe.execute()
            except WatchError:
                return False
        return True

    def _parsed(self, kept: bytes | str | None) -> Rota:
        if not kept:
            return Rota()
        raw = kept.encode() if isinstance(kept, str) else kept
        seal, written = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
        if not self._seal.holds(seal, written):
            log.error("rota_unreadable", error="no bot with these keys has written it", hint=WHO_ELSE)
            return Rota()
        try:
            return Rota.model_validate_json(written)
        except ValidationError as error:  # a newer version's
            log.error("rota_unreadable", error=str(error), hint=WHO_ELSE)
            return Rota()
