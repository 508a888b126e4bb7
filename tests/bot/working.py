"""A bot whose worker runs in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import main as wiring
from bot.config import Settings


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[wiring.Bot]:
    """A bot whose worker runs and whose timer is the test; to leave is to kill it wherever it stands."""
    async with wiring.build(settings) as bot:
        task = asyncio.create_task(bot.worker.run())
        try:
            yield bot
        finally:
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=10)
            if not done:
                for each in asyncio.all_tasks():
                    each.print_stack(limit=6)
            assert done, "a worker that is asked to end ends"
