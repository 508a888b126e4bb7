"""A timer that only marks work as due. Marking twice is marking once, so every replica may run one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.store.queues.due_queue import Queues
from bot.worker.periodic_jobs import ASK_SLACK, HEARTBEAT, ON_CALL, POSTURE, RECONCILE, TRIM, WIDE_OUTAGE
from handlers.domain.posture.schedule import Watching
from handlers.errors import StoreDown
from handlers.ports import Timelines

log = structlog.get_logger()


class Scheduler:
    """Marks open incidents and periodic jobs as due: at the start, and every so often."""

    def __init__(
        self,
        timelines: Timelines,
        queues: Queues,
        put_aside: Callable[[], Awaitable[object]],
        watching: Watching,
        heartbeat_every_s: float | None = None,
    ) -> None:
        self._heartbeat_every_s = heartbeat_every_s
        self._watching = watching
        self._put_aside = put_aside
        self._timelines = timelines
        self._queues = queues

    async def run(self) -> None:
        """Run the timers until cancelled.

        What an open incident waits for goes by the loop's own clock, which setting the host's does not move;
        what belongs to the calendar goes by that.
        """
        # The defaults drop a job that is a second late; here late is better than never.
        calendar = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True})
        calendar.add_job(self.mark_trim, "interval", hours=1, next_run_time=datetime.now(UTC))
        if digest := self._watching.digest:
            day = None if digest.day == "daily" else digest.day
            calendar.add_job(
                self.mark_posture, "cron", day_of_week=day, hour=digest.hour, timezone=digest.zone
            )
        calendar.start()
        try:
            async with asyncio.TaskGroup() as timers:
                for mark, every_s in (
                    (self._put_aside, 10),
                    (self.mark_open_incidents, 60),
                    (self.mark_reconcile, 60),
                    (self.mark_ask_slack, 60),
                    (self.mark_on_call, 60),
                    (self.mark_wide_outage, 10),
                ):
                    timers.create_task(_repeat(mark, every_s))
                if self._heartbeat_every_s:
                    timers.create_task(_repeat(self.mark_heartbeat, self._heartbeat_every_s))
                look_s = self._watching.sample_every.total_seconds()
                timers.create_task(_repeat(self.mark_posture, look_s, after_s=look_s))
        finally:
            calendar.shutdown(wait=False)

    async def mark_open_incidents(self) -> None:
        """Mark every open incident, for its next step and for its thread."""
        incidents = await self._timelines.open_incidents()
        await self._queues.steps.mark(*incidents)
        await self._queues.views.mark(*incidents)  # which marks its pages

    async def mark_reconcile(self) -> None:
        """Mark the comparison with Alertmanager and Prometheus."""
        await self._queues.chores.mark(RECONCILE)

    async def mark_on_call(self) -> None:
        """Mark the look at who is on call."""
        await self._queues.chores.mark(ON_CALL)

    async def mark_wide_outage(self) -> None:
        """Mark the look whether many clusters have an outage at once."""
        await self._queues.chores.mark(WIDE_OUTAGE)

    async def mark_heartbeat(self) -> None:
        """Mark the word to the address outside."""
        await self._queues.chores.mark(HEARTBEAT)

    async def mark_ask_slack(self) -> None:
        """Mark the call that shows whether Slack answers."""
        await self._queues.chores.mark(ASK_SLACK)

    async def mark_posture(self) -> None:
        """Mark the look at all clusters' postures, and the digest that may be due."""
        with contextlib.suppress(StoreDown):  # the next look does it
            await self._queues.chores.mark(POSTURE)

    async def mark_trim(self) -> None:
        """Mark the trimming of incidents that were closed long ago."""
        with contextlib.suppress(StoreDown):  # the next hour does it
            await self._queues.chores.mark(TRIM)


async def _repeat(mark: Callable[[], Awaitable[object]], every_s: float, *, after_s: float = 0.0) -> None:
    await asyncio.sleep(after_s)
    while True:
        try:
            await mark()
        except StoreDown as error:
            log.warning("redis_down", error=str(error))
        except Exception:
            log.exception("timer_failed")  # the next time may be better
        await asyncio.sleep(every_s)
