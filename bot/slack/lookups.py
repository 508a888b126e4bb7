"""Look-ups in Slack that many wait for at once: one call for all of them, and waiting where Slack asks to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.slack.delivery.web_api import SlackBusy
from handlers.ports import Purpose

FRESH_S = 10.0
"""For how long an answer will do for a glance."""

MAX_WAIT_S = 180.0
"""The longest that a run waits until Slack takes calls again: three of its minutes."""

MAX_KEPT = 1000

Found = TypeVar("Found")


class Lookups(Generic[Found]):
    """Answers by name; whoever asks while a call is under way gets that call's answer."""

    def __init__(self, ask: Callable[[str], Awaitable[Found]]) -> None:
        self._ask = ask
        self._under_way: dict[str, asyncio.Task[Found]] = {}
        self._found: dict[str, tuple[float, Found]] = {}

    def known(self, name: str, purpose: Purpose) -> bool:
        """Return whether `get` makes no call of its own."""
        found_s, _ = self._found.get(name, (-FRESH_S, None))
        is_fresh = purpose is Purpose.GLANCE and time.monotonic() - found_s < FRESH_S
        return is_fresh or name in self._under_way

    async def get(self, name: str, purpose: Purpose) -> Found:
        """Return what Slack says.

        Raises:
            SlackBusy: If Slack asks to wait, and the purpose is not worth it.
            SlackDown: If Slack does not answer, or refuses.
        """
        if purpose is Purpose.GLANCE and name not in self._under_way and self.known(name, purpose):
            return self._found[name][1]
        until_s = time.monotonic() + MAX_WAIT_S
        while True:
            try:
                return await self._shared(name)
            except SlackBusy as busy:
                if purpose is not Purpose.RUN or time.monotonic() + busy.wait_s > until_s:
                    raise
                await asyncio.sleep(busy.wait_s)

    async def _shared(self, name: str) -> Found:
        call = self._under_way.get(name)
        if call is None:
            call = self._under_way[name] = asyncio.create_task(self._asked(name))
            call.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(call)  # one who gives up does not take the answer from the others

    async def _asked(self, name: str) -> Found:
        found = await self._ask(name)
        self._found.pop(name, None)
        self._found[name] = time.monotonic(), found
        while len(self._found) > MAX_KEPT:
            del self._found[next(iter(self._found))]
        return found

    def _ended(self, name: str, call: asyncio.Task[Found]) -> None:
        del self._under_way[name]
        if not call.cancelled():
            call.exception()  # it is told to whoever still waits; where nobody does, to nobody
