"""A timer that only marks work: one replica holds its lease, and the jobs keep no state."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from bot.store.due_queue import Queues
from bot.store.timelines import store_errors
from bot.worker.periodic_jobs import LOOK, TRIM
from handlers.errors import StoreDown
from handlers.ports import Timelines

log = structlog.get_logger()

LEASE_MS = 15_000

KEEP_OR_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class Scheduler:
    """At the start and every so often, marks open incidents and chores due."""

    def __init__(self, redis: Redis, prefix: str, timelines: Timelines, queues: Queues) -> None:
        self._key = f"{prefix}:scheduler"
        self._token = secrets.token_hex(8)
        self._keep_or_take = redis.register_script(KEEP_OR_TAKE)
        self._timelines = timelines
        self._queues = queues

    async def run(self) -> None:
        """Run the jobs while this process holds the lease; until cancelled."""
        # The defaults drop a job that is a second late; here late is better than never.
        jobs = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True})
        for job, every_s in ((self.mark_open_incidents, 60), (self.mark_look, 60), (self.mark_trim, 3600)):
            jobs.add_job(job, "interval", seconds=every_s, id=job.__name__, next_run_time=datetime.now(UTC))
        jobs.start(paused=True)
        try:
            while True:
                if await self._holds_lease():
                    jobs.resume()
                else:
                    jobs.pause()
                await asyncio.sleep(LEASE_MS / 3000)
        finally:
            jobs.shutdown(wait=False)

    async def mark_open_incidents(self) -> None:
        """Make every open incident due, for its next step and for its thread."""
        try:
            incidents = await self._timelines.open_incidents()
            await self._queues.steps.mark(*incidents)
            await self._queues.views.mark(*incidents)
        except StoreDown as error:
            log.warning("redis_down", error=str(error))

    async def mark_look(self) -> None:
        """Make the look at Alertmanager and Prometheus due."""
        await self._mark(LOOK)

    async def mark_trim(self) -> None:
        """Make the trimming of what was closed long ago due."""
        await self._mark(TRIM)

    async def _mark(self, chore: str) -> None:
        try:
            await self._queues.chores.mark(chore)
        except StoreDown as error:
            log.warning("redis_down", error=str(error))

    async def _holds_lease(self) -> bool:
        try:
            async with store_errors():
                return bool(await self._keep_or_take(keys=[self._key], args=[self._token, LEASE_MS]))
        except StoreDown:
            return False
