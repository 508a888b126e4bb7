"""Run the bot until a signal ends it; SIGHUP exchanges it for one of the configuration as it is by then."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager

import structlog

from bot import add_ons
from bot.clock import wait_for
from bot.config import Settings
from bot.config.problems import UnusableConfiguration
from bot.reload import taken_over
from bot.shift import Parts, Shift, cancel
from bot.timing import DEFAULT_TIMING, Timing
from bot.web.entrance import Entrance
from bot.web.server import listen, serve
from shared.service_manager import feed_watchdog, tell

log = structlog.get_logger()


async def run(
    settings: Settings,
    parts: Parts,
    timing: Timing = DEFAULT_TIMING,
    reread: Callable[[], Settings] | None = None,
) -> None:
    """Run the web side, the worker, or both, until a signal ends it.

    Args:
        settings: The configuration to begin with.
        parts: What this process does.
        timing: How long it waits for what.
        reread: Reads the configuration again, for SIGHUP; without it the bot is made anew of what it has.

    Raises:
        ConfigurationError: If the configuration cannot be used.
    """
    with _signals() as (ending, reloading):
        await _Process(parts, timing, reread or (lambda: settings)).run(settings, ending, reloading)


@contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Yield what is set when the process is asked to end, and when it is asked to reload."""
    loop, ending, reloading = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    asked = {signal.SIGTERM: ending, signal.SIGINT: ending, signal.SIGHUP: reloading}
    for name, event in asked.items():
        loop.add_signal_handler(name, event.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, asked)  # a reload that was asked for meanwhile comes now
    try:
        yield ending, reloading
    finally:
        for name in asked:
            loop.remove_signal_handler(name)


class _Process:
    """What outlives each bot that is at work in it: ports and signals."""

    def __init__(self, parts: Parts, timing: Timing, reread: Callable[[], Settings]) -> None:
        self._parts, self._timing, self._reread = parts, timing, reread
        self._web, self._status = Entrance(), Entrance()

    async def run(self, settings: Settings, ending: asyncio.Event, reloading: asyncio.Event) -> None:
        """Work until `ending` is set or something fails; exchange the bot whenever `reloading` is."""
        async with AsyncExitStack() as stack:
            doors = [(leads, stack.enter_context(port)) for leads, port in self._open(settings)]
            self._shift = await Shift.begin(settings, self._parts, self._timing)
            stack.push_async_callback(self._leave)
            self._put_in_charge(self._shift)
            limit = settings.web.max_body_bytes
            serving = [asyncio.create_task(serve(leads, port, limit)) for leads, port in doors]
            stack.push_async_callback(cancel, serving)
            feeding = asyncio.create_task(feed_watchdog(lambda: self._shift.bot.hangs() is None))
            stack.push_async_callback(cancel, [feeding])
            stack.push_async_callback(self._drain)
            stack.callback(tell, "STOPPING=1")
            tell("READY=1")
            while await self._is_to_reload(serving, ending, reloading):
                reloading.clear()
                await self._reload()

    def _open(self, settings: Settings) -> Iterator[tuple[Entrance, socket.socket]]:
        """Open the ports of this process one by one, each with what it leads to."""
        web = settings.web
        if "web" in self._parts:
            yield self._web, listen(web.host, web.port)
        port = web.status_port if "web" in self._parts else web.worker_status_port
        if port is not None:
            yield self._status, listen(web.status_host, port)

    def _put_in_charge(self, shift: Shift) -> tuple[asyncio.Event, asyncio.Event]:
        return self._web.lead_to(shift.bot.web), self._status.lead_to(shift.bot.status)

    async def _is_to_reload(
        self, serving: Sequence[asyncio.Task[None]], ending: asyncio.Event, reloading: asyncio.Event
    ) -> bool:
        """Wait for a signal, or for a task that should not have ended; return whether to go on, reloaded."""
        ends, reloads = asyncio.create_task(ending.wait()), asyncio.create_task(reloading.wait())
        try:
            done, _ = await asyncio.wait(
                {ends, reloads, *serving, *self._shift.tasks}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            return done == {reloads}
        finally:
            await cancel([ends, reloads])

    async def _reload(self) -> None:
        """Put a bot of the configuration as it is now in charge; where that cannot be, change nothing."""
        tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        said = "The configuration was reloaded."
        try:
            wanted, needs_restart = taken_over(self._shift.settings, self._reread(), add_ons.added())
            coming = await Shift.begin(wanted, self._parts, self._timing)
        except Exception as error:  # whatever it is, the bot that works goes on
            said = f"The configuration was not reloaded: {error}"
            _say_not_reloaded(error)
        else:
            await self._exchange(coming)
            log.info("configuration_reloaded", clusters=[each.name for each in wanted.clusters])
            if needs_restart:
                said += f" These keys need a restart: {', '.join(needs_restart)}."
                log.warning("needs_restart", keys=needs_restart)
        tell(f"READY=1\nSTATUS={said}")

    async def _exchange(self, coming: Shift) -> None:
        """Lead callers to the coming bot, and let the former finish what it holds."""
        former, self._shift = self._shift, coming
        emptied, within_s = self._put_in_charge(coming), self._timing.drain_s
        await asyncio.gather(former.drain(within_s), *(wait_for(each, within_s) for each in emptied))
        await former.leave()

    async def _drain(self) -> None:
        await self._shift.drain(self._timing.drain_s)

    async def _leave(self) -> None:
        await self._shift.leave()


def _say_not_reloaded(error: Exception) -> None:
    where = {"error": str(error)}
    if isinstance(error, UnusableConfiguration):
        first, *others = error.problems
        where = {"place": first.place, "key": first.key, "error": first.what, "others": str(len(others))}
    log.error(
        "configuration_not_reloaded", **where, hint="the bot goes on as it was: mend it and reload again"
    )
