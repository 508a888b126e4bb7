"""The last comparison with the alerting, kept in Redis so that any replica can go on from it."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.store.errors import WHO_ELSE, WrongType, store_errors
from bot.store.keys import Keys
from handlers.domain.alert_sources import ReconcileCheckpoint

log = structlog.get_logger()


class ReconcileCheckpointStore:
    """`handlers.domain.alert_sources.ReconcileCheckpoints` over Redis."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._key = redis, Keys(prefix).reconcile_checkpoint()

    async def last(self) -> ReconcileCheckpoint | None:
        """Return the last checkpoint; `None` where there is none that can be read."""
        try:
            async with store_errors():
                kept = await self._redis.get(self._key)
            return ReconcileCheckpoint.model_validate_json(kept) if kept else None
        except (WrongType, ValidationError) as error:
            log.error("checkpoint_unreadable", error=str(error), hint=WHO_ELSE)
            return None

    async def remember(self, checkpoint: ReconcileCheckpoint) -> None:
        """Keep a checkpoint in place of the last one."""
        async with store_errors():
            await self._redis.set(self._key, checkpoint.model_dump_json())
