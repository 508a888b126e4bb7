"""Ask once for all who want to know the same at the same time or shortly after."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH_S = 10.0
"""For so long an answer is given again; it says of when it is. This is the bot's own threshold."""


class SharedAnswers(Generic[T]):
    """The newest answer about each name, or the question that is under way.

    Callers ask for configured names alone, so it stays small.
    """

    def __init__(self, ask: Callable[[str], Awaitable[T]], clock: Callable[[], float]) -> None:
        self._ask, self._clock = ask, clock
        self._asked: dict[str, tuple[float, asyncio.Task[T]]] = {}

    async def of(self, name: str) -> T:
        """Return an answer that is at most `FRESH_S` old; one that failed is asked for anew."""
        begun_s, task = self._asked.get(name, (-math.inf, None))
        if task is None or (task.done() and not self._is_fresh(begun_s, task)):
            task = asyncio.create_task(self._question(name))
            self._asked[name] = (self._clock(), task)
        return await asyncio.shield(task)  # who hangs up takes nothing from the others

    def _is_fresh(self, begun_s: float, task: asyncio.Task[T]) -> bool:
        failed = task.cancelled() or task.exception() is not None
        return not failed and self._clock() - begun_s < FRESH_S

    async def _question(self, name: str) -> T:
        return await self._ask(name)

    async def end(self) -> None:
        """End what is under way."""
        tasks = [task for _, task in self._asked.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
