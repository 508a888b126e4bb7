"""A bot whose worker runs in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import main as wiring
from bot.config import Settings
from bot.timing import DEFAULT_TIMING, Timing
from lab.slack.server import SlackWorkspaceServer
from tests.bot.web.serving import serve
from tests.waiting import until


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

    async def nothing_waits() -> bool:
        return not await bot.redis.xlen(bot.requests.stream.key)

    await until(nothing_waits, poll_s=0.01)


def keys(slack: SlackWorkspaceServer) -> list[str]:
    """Which messages of the bot stand in the workspace, in order; a picture's has no key."""
    payloads = [(m.metadata or {}).get("event_payload") for m in slack.workspace.messages]
    return [str(payload["key"]) for payload in payloads if payload]


async def shown(slack: SlackWorkspaceServer, key: str) -> bool:
    """Whether a message of this key stands there."""
    return key in keys(slack)
