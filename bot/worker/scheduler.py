"""A timer that only marks work as due. Marking twice is marking once, so every replica may run one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.store.due_queue import Queues
from bot.worker.periodic_jobs import LOOK, TRIM
from handlers.errors import StoreDown
from handlers.ports import Timelines

log = structlog.get_logger()


class Scheduler:
    """Marks open incidents and periodic jobs as due: at the start, and every so often."""

    def __init__(self, timelines: Timelines, queues: Queues) -> None:
        self._timelines = timelines
        self._queues = queues

    async def run(self) -> None:
        """Run the timer until cancelled, by the loop's own clock: setting the host's moves nothing."""
        async with asyncio.TaskGroup() as timers:
            for mark, every_s in (
                (self.mark_open_incidents, 60),
                (self.mark_look, 60),
                (self.mark_trim, 3600),
            ):
                timers.create_task(_repeat(mark, every_s))

    async def mark_open_incidents(self) -> None:
        """Mark every open incident, for its next step and for its thread."""
        incidents = await self._timelines.open_incidents()
        await self._queues.steps.mark(*incidents)
        await self._queues.views.mark(*incidents)

    async def mark_look(self) -> None:
        """Mark the comparison with Alertmanager and Prometheus."""
        await self._queues.chores.mark(LOOK)

    async def mark_trim(self) -> None:
        """Mark the trimming of incidents that were closed long ago."""
        await self._queues.chores.mark(TRIM)


async def _repeat(mark: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        try:
            await mark()
        except StoreDown as error:
            log.warning("redis_down", error=str(error))
        except Exception:
            log.exception("timer_failed")  # the next time may be better
        await asyncio.sleep(every_s)
