"""What the bot does at one time, as a task that halts at every touch of the world until let go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

from handlers.errors import BotError

current: ContextVar[Actor] = ContextVar("current")


class Actor:
    """One call of a handler on one replica. Between two touches it may rest for long, or die."""

    def __init__(self, replica: str, call: Coroutine[Any, Any, Any], began_s: float) -> None:
        self.replica, self.began_s = replica, began_s
        self.loaded_s = began_s
        self.read: Any = None
        self.asked: dict[str, tuple[float, frozenset[str]]] = {}
        self._call = call
        self._task: asyncio.Task[Any] | None = None
        self._credit = 0
        self._halted: asyncio.Future[None] | None = None
        self._go = asyncio.Event()

    async def go_on(self, touches: int) -> bool:
        """Go on for so many touches; whether it has ended.

        Raises:
            Exception: What the handler raised, unless it is an answer to a person.
        """
        self._credit = touches
        self._halted = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._go.set()
        await asyncio.wait({self._task, self._halted}, return_when=asyncio.FIRST_COMPLETED)
        if not self._task.done():
            return False
        self._task.result()
        return True

    async def die(self) -> None:
        """End the process here."""
        if self._task is None:
            self._call.close()
            return
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        current.set(self)
        with contextlib.suppress(BotError):  # a refusal is an answer
            await self._call

    async def touch(self) -> None:
        """Note that the world is about to be touched, or has just been."""
        while self._credit <= 0:
            self._go.clear()
            if self._halted and not self._halted.done():
                self._halted.set_result(None)
            await self._go.wait()
        self._credit -= 1
