"""The machine's own clock, and ways to wait on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


class SystemTime:
    """`handlers.ports.Time` over the machine's clock."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)


async def unless(ends: asyncio.Event, doing: Coroutine[Any, Any, T]) -> T | None:
    """Await a coroutine, and return its result; cancel it and return `None` as soon as `ends` is set."""
    if ends.is_set():
        doing.close()
        return None
    task, ending = asyncio.create_task(doing), asyncio.create_task(ends.wait())
    try:
        await asyncio.wait((task, ending), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        ending.cancel()
        await asyncio.gather(task, ending, return_exceptions=True)


async def wait_for(event: asyncio.Event, at_most_s: float) -> None:
    """Wait until the event is set, but no longer than this."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await event.wait()
