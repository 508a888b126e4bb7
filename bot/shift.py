"""A bot at work in this process: begun, led to its end, and let go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

from bot import add_ons
from bot.config import Settings
from bot.main import Bot, build
from bot.slack.inbound import socket_mode
from bot.store.health import require_usable
from bot.timing import Timing

Part = Literal["web", "worker"]
Parts = frozenset[Part]


@dataclass(frozen=True)
class Shift:
    """A bot, its tasks, and what is undone when it is let go."""

    settings: Settings
    bot: Bot
    tasks: Sequence[asyncio.Task[None]]
    _undone: AsyncExitStack

    @classmethod
    async def begin(cls, settings: Settings, parts: Parts, timing: Timing) -> Shift:
        """Build a bot and let it work.

        Raises:
            ConfigurationError: If the configuration cannot be used.
        """
        async with AsyncExitStack() as stack:
            bot = await stack.enter_async_context(build(settings, timing))
            await require_usable(bot.redis)
            # What is added stays in this process, so not before it is sure that the rest can be used.
            add_ons.register_and_log(settings.runbooks)
            tasks = [asyncio.create_task(each) for each in _work(bot, settings, parts)]
            stack.push_async_callback(cancel, tasks)
            return cls(settings, bot, tasks, stack.pop_all())

    async def drain(self, within_s: float) -> None:
        """Take nothing new, and wait until what is held is done, but no longer than this."""
        await asyncio.gather(*(each.drain(within_s) for each in (self.bot.worker, self.bot.dispatcher)))

    async def leave(self) -> None:
        """End its tasks and close its connections."""
        await self._undone.aclose()


def _work(bot: Bot, settings: Settings, parts: Parts) -> list[Coroutine[Any, Any, None]]:
    slack, work = settings.slack, []
    if "web" in parts and slack.app_token:
        app_token = slack.app_token.read().get_secret_value()
        work.append(socket_mode.listen(bot.slack, app_token, slack.api_url, bot.requests))
    if "worker" in parts:
        work += [bot.worker.run(), bot.scheduler.run(), bot.dispatcher.run()]
    return [*work, bot.clock.keep()]


async def cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End tasks, whatever comes of them."""
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
