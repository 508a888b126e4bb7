"""A timer that only marks work as due. Marking twice is marking once, so every replica may run one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.store.due_queue import Queues
from bot.worker.periodic_jobs import ASK_SLACK, RECONCILE, TRIM
from handlers.errors import StoreDown
from handlers.ports import Timelines

log = structlog.get_logger()


class Scheduler:
    """Marks open incidents and periodic jobs as due: at the start, and every so often."""

    def __init__(
        self, timelines: Timelines, queues: Queues, put_aside: Callable[[], Awaitable[object]]
    ) -> None:
        self._put_aside = put_aside
        self._timelines = timelines
        self._queues = queues

    async def run(self) -> None:
        """Run the timer until cancelled."""
        # The defaults drop a job that is a second late; here late is better than never.
        timer = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True})
        jobs = (
            (self.put_aside_foreign, 10),
            (self.mark_open_incidents, 60),
            (self.mark_reconcile, 60),
            (self.mark_ask_slack, 60),
            (self.mark_trim, 3600),
        )
        for job, every_s in jobs:
            timer.add_job(job, "interval", seconds=every_s, next_run_time=datetime.now(UTC))
        timer.start()
        try:
            await asyncio.Event().wait()
        finally:
            timer.shutdown(wait=False)

    async def put_aside_foreign(self) -> None:
        """Take what is not the bot's from under its keys: it may stand in the way of every queue."""
        try:
            await self._put_aside()
        except StoreDown as error:
            log.warning("redis_down", error=str(error))

    async def mark_open_incidents(self) -> None:
        """Mark every open incident, for its next step and for its thread."""
        try:
            incidents = await self._timelines.open_incidents()
            await self._queues.steps.mark(*incidents)
            await self._queues.views.mark(*incidents)
        except StoreDown as error:
            log.warning("redis_down", error=str(error))

    async def mark_reconcile(self) -> None:
        """Mark the comparison with Alertmanager and Prometheus."""
        await self._mark_job(RECONCILE)

    async def mark_ask_slack(self) -> None:
        """Mark the call that shows whether Slack answers."""
        await self._mark_job(ASK_SLACK)

    async def mark_trim(self) -> None:
        """Mark the trimming of incidents that were closed long ago."""
        await self._mark_job(TRIM)

    async def _mark_job(self, job: str) -> None:
        try:
            await self._queues.chores.mark(job)
        except StoreDown as error:
            log.warning("redis_down", error=str(error))
