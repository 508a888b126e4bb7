"""Work that goes on after its request was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Later = Callable[[Coroutine[Any, Any, None]], None]


def later_in(background: set[asyncio.Task[None]]) -> Later:
    """Start work and hold it, so that shutdown can wait for it.

    Args:
        background: Holds the tasks.
    """

    def later(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        background.add(task)
        task.add_done_callback(background.discard)

    return later
