"""A test alert all the way: Prometheus' rule, Alertmanager, the bot, its thread, and back to closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.asyncio import Redis

from bot.store.canary import CanaryFlag
from handlers import load_incidents
from handlers.domain.alerts import CANARY
from handlers.domain.incident import Incident
from handlers.errors import BotError
from handlers.ports import Ports
from handlers.ports.doctor import Examined

POLL_S = 0.5

Reached = Callable[[], Awaitable[bool]]


class Canary:
    """One flight for one cluster. Each leg is waited for, and told with its time."""

    def __init__(self, redis: Redis, prefix: str, ports: Ports, cluster: str, timeout_s: float) -> None:
        self._ports, self._cluster, self._timeout_s = ports, cluster, timeout_s
        self._flag = CanaryFlag(redis, prefix)
        self._incident: Incident | None = None

    async def fly(self) -> AsyncIterator[Examined]:
        """Yield each leg; where one is not reached, those behind it are not waited for."""
        try:
            await self._flag.hoist(self._cluster)
            for what, reached, wrong in self._legs():
                leg = await self._wait(what, reached, wrong)
                yield leg
                if not leg.is_well:
                    return
        finally:
            await self._flag.lower()
        closed = await self._wait(
            "resolved has closed it",
            self._is_closed,
            "no resolved came: does the receiver have `send_resolved: true`?",
        )
        if closed.is_well:
            await self._flag.came_home()
        yield closed

    def _legs(self) -> tuple[tuple[str, Reached, str], ...]:
        """Return of each leg what is reached, whether it is, and what is wrong where it is not."""
        return (
            (
                "Prometheus' rule fires",
                self._fires,
                f"{CANARY} does not fire: is the bot scraped as job neumann-bot, and is the rule loaded?",
            ),
            (
                "Alertmanager routes it to the bot",
                self._is_held,
                f"Alertmanager does not hold {CANARY} for the bot's receiver: see `alerting` in"
                " prometheus.yml and the matchers of the route",
            ),
            (
                "the bot has opened an incident",
                self._is_open,
                "no notification came in: check the receiver's url and token (the log has"
                " notification_refused), and that a worker runs",
            ),
            (
                "its thread is in Slack",
                self._is_shown,
                "the incident has no thread: `neumann-bot check` says what Slack refuses",
            ),
        )

    async def _wait(self, what: str, reached: Reached, wrong: str) -> Examined:
        started = time.monotonic()
        said = ""
        while (took_s := time.monotonic() - started) < self._timeout_s:
            try:
                if await reached():
                    return Examined("Canary", f"{what} ({took_s:.1f} s)")
            except BotError as error:
                said = f" ({error})"
            await asyncio.sleep(POLL_S)
        return Examined("Canary", what, f"{wrong} Waited {self._timeout_s:.0f} s.{said}")

    async def _fires(self) -> bool:
        prometheus = self._ports.prometheus
        firing = await prometheus.firing([CANARY]) if prometheus else ()
        return any(labels.get("cluster") == self._cluster for labels in firing)

    async def _is_held(self) -> bool:
        alertmanager = self._ports.alertmanager
        held = (await alertmanager.firing()).held if alertmanager else ()
        return any(each.alert.name == CANARY and each.ours and not each.suppressed for each in held)

    async def _is_open(self) -> bool:
        ports = self._ports
        incidents, _ = await load_incidents.load(ports, await ports.timelines.open_incidents())
        mine = (
            each
            for each in incidents
            if each.cluster == self._cluster and any(alert.name == CANARY for alert in each.firing)
        )
        self._incident = next(mine, None)
        return self._incident is not None

    async def _is_shown(self) -> bool:
        return bool(self._incident and await self._ports.threads.place_of(self._incident.id))

    async def _is_closed(self) -> bool:
        if self._incident is None:
            return False
        return (await self._ports.timelines.load(self._incident.id)).closed is not None


async def keep_flying(
    fly: Callable[[], AsyncIterator[Examined]],
    every_s: float,
    tell: Callable[[Examined], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Let one canary fly after the other, and tell each leg; a flight that fails ends no other.

    Args:
        fly: Begins a flight.
        every_s: From the beginning of one to that of the next.
        tell: Takes each leg.
        sleep: Waits for so many seconds.
    """
    while True:
        began = time.monotonic()
        try:
            async for leg in fly():
                tell(leg)
        except BotError as error:
            tell(Examined("Canary", "", str(error)))
        await sleep(max(every_s - (time.monotonic() - began), 1.0))
