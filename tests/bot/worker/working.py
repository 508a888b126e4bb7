"""A bot whose worker runs in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import main as wiring
from bot.config import Settings
from bot.timing import DEFAULT_TIMING, Timing
from tests.bot.web.serving import serve


@asynccontextmanager
async def working(settings: Settings, timing: Timing = DEFAULT_TIMING) -> AsyncIterator[wiring.Bot]:
    """A bot whose worker runs and whose timer is the test; to leave is to kill it wherever it stands."""
    async with wiring.build(settings, timing) as bot:
        tasks = [asyncio.create_task(loop.run()) for loop in (bot.worker, bot.dispatcher)]
        try:
            yield bot
        finally:
            for task in tasks:
                task.cancel()
            _, left = await asyncio.wait(tasks, timeout=10)
            if left:
                for each in asyncio.all_tasks():
                    each.print_stack(limit=6)
            assert not left, "a worker that is asked to end ends"


@asynccontextmanager
async def answering(bot: wiring.Bot) -> AsyncIterator[str]:
    """Serve what Slack sends, and answer it, without a worker: what is stored stays as the test stored it.

    Yields:
        The request URL.
    """
    async with serve(bot.web) as url:
        task = asyncio.create_task(bot.dispatcher.run())
        try:
            yield f"{url}/slack/events"
        finally:
            await bot.dispatcher.drain(10)
            task.cancel()
            await asyncio.wait([task])


async def answered(bot: wiring.Bot) -> None:
    """Wait until everything that Slack has sent so far is dealt with."""
    async with asyncio.timeout(20):
        while await bot.redis.xlen(bot.requests.stream.key):
            await asyncio.sleep(0.01)
