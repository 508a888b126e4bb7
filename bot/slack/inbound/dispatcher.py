"""Hands the stored requests to Bolt, many at a time; what a process leaves half done another does again."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.inbound.request_queue import SlackRequests
from bot.store.stream import RETAKE_AFTER_S, StreamEntry
from handlers.errors import StoreDown

log = structlog.get_logger()

AT_ONCE = 64
"""How many requests one process answers at the same time."""

AFTER_FAILURE_S = 2.0

TRY_AGAIN = 503
"""The status of a request that could not be dealt with, and can be later."""


class Dispatcher:
    """One loop over Redis that any number of processes may run."""

    def __init__(self, app: AsyncApp, requests: SlackRequests) -> None:
        self._app, self._requests, self._stream = app, requests, requests.stream
        self._held: set[asyncio.Task[None]] = set()
        self._ends = asyncio.Event()

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._take(tasks)
                except StoreDown as error:
                    log.warning("redis_down", error=str(error))
                    await asyncio.sleep(AFTER_FAILURE_S)

    async def drain(self, within_s: float) -> None:
        """Take nothing new, and wait until what is held is answered, but no longer than this."""
        self._ends.set()
        if self._held:
            await asyncio.wait(self._held, timeout=within_s)

    async def _take(self, tasks: asyncio.TaskGroup) -> None:
        await self._stream.prepare()
        while not self._ends.is_set():
            for entry in await self._stream.take_until(self._ends, count=AT_ONCE - len(self._held)):
                task = tasks.create_task(self._hold(entry))
                self._held.add(task)
                task.add_done_callback(self._held.discard)
            if len(self._held) >= AT_ONCE:
                await asyncio.wait(self._held, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.Event().wait()

    async def _hold(self, entry: StreamEntry) -> None:
        renewal = asyncio.create_task(self._renew(entry))
        try:
            done = await self._answer(entry)
        finally:
            renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
        if done:
            try:
                await self._stream.forget(entry)
            except StoreDown as error:
                log.warning("request_is_answered_again", error=str(error))

    async def _answer(self, entry: StreamEntry) -> bool:
        request = self._requests.opened(entry)
        if request is None:
            return True
        try:
            response = await self._app.async_dispatch(request.for_bolt())
        except Exception:
            log.exception("request_failed")  # Bolt could not read it: nor will it the next time
            return True
        return response.status != TRY_AGAIN

    async def _renew(self, entry: StreamEntry) -> None:
        while True:
            await asyncio.sleep(RETAKE_AFTER_S / 3)
            with contextlib.suppress(StoreDown):
                await self._stream.renew(entry)
