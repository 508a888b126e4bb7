"""Take readings of this node, all at once, each under its own deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Literal, TypeVar, cast, get_type_hints

from msgspec import UNSET, UnsetType

from agent.boot import boot_id, boottime_s
from agent.errors import (
    AgentError,
    ReadingNotPermittedError,
    ReadingRefusedError,
    ReadingTimedOutError,
)
from agent.neumann_config.edit import read_config_bytes
from agent.neumann_config.read import read_config
from agent.protocol import (
    BadMessageError,
    Clock,
    Config,
    FullPing,
    NodeState,
    Observation,
    ObserveRequest,
    Raft,
    Read,
    ReadingName,
    Service,
)
from agent.protocol.base import parse
from agent.readings.certificates import Certificates
from agent.readings.clock import read_clock
from agent.readings.disk import read_disk
from agent.readings.full_pings import read_full_pings
from agent.readings.log_events import LOG_EVENTS
from agent.readings.log_source import read_log
from agent.readings.metrics_page import read_metrics, read_transactions
from agent.readings.probes import read_connects, read_pings
from agent.readings.raft_state import read_raft
from agent.readings.service import read_service
from agent.settings import Settings
from shared.sanitize import plain

__all__ = ["LOG_EVENTS", "STATE_READINGS", "NodeReader", "StateReading"]

T = TypeVar("T")
StateReading = Literal["clock", "service", "config", "transactions", "raft"]
# What every `NodeState` has; the others are only read for an action that depends on them.
STATE_READINGS: frozenset[StateReading] = frozenset({"clock", "service", "config"})
MAX_SENTENCE_CHARS = 1_000
_KINDS = get_type_hints(Observation, include_extras=True)
# Room for a reading that keeps its own deadlines inside to say so itself.
GRACE_S = 0.5


class NodeReader:
    """Reads the node the settings name.

    Args:
        settings: The agent's settings.
        offered: Which actions an agent of such settings carries out at all.
    """

    def __init__(
        self, settings: Settings, offered: Callable[[Settings], tuple[str, ...]] | None = None
    ) -> None:
        self._settings = settings
        self._offered = offered
        self._certificates = Certificates(settings)

    async def observe(self, request: ObserveRequest) -> Observation:
        """Take the readings asked for; one that fails says why, and holds up none of the others."""
        settings, within = self._settings, self._settings.deadlines
        dialled = asyncio.Event()

        async def connects() -> Read[Any]:
            try:
                return await take(read_connects(settings), within.connects + GRACE_S)
            finally:
                dialled.set()

        async def full_pings() -> tuple[FullPing, ...]:
            # So many processes at once would hold up the dials, whose time is measured.
            if "connects" in request.readings:
                await dialled.wait()
            return await read_full_pings(settings)

        readers: dict[ReadingName, Callable[[], Awaitable[Read[Any]]]] = {
            "clock": self._clock,
            "service": self._service,
            "log": lambda: take(read_log(settings), within.log + GRACE_S),
            "config": self._config,
            "disk": lambda: take_in_thread(lambda: read_disk(settings.data_dir), within.disk),
            "metrics": lambda: take(read_metrics(settings), within.metrics + GRACE_S),
            "connects": connects,
            "pings": lambda: take(read_pings(settings), within.pings + GRACE_S),
            "certificates": lambda: take(self._certificates.read(), within.certificates + GRACE_S),
            "full_pings": lambda: take(full_pings(), within.pings + GRACE_S),
            "actions": self._actions,
        }
        asked = [name for name in readers if name in request.readings]
        readings = await asyncio.gather(*(readers[name]() for name in asked))
        taken = {name: _within_bounds(name, read) for name, read in zip(asked, readings, strict=True)}
        return Observation(
            cluster=settings.cluster,
            node=settings.node,
            boot_id=boot_id(),
            boottime_s=boottime_s(),
            **cast(dict[str, Any], taken),
        )

    async def state(self, parts: Collection[StateReading] = STATE_READINGS) -> NodeState:
        """Read what actions depend on, fresh.

        Args:
            parts: What to take; the last look before an action takes only its own.
        """
        clock, service, sha256, transactions, raft = await asyncio.gather(
            _if("clock" in parts, self._clock),
            _if("service" in parts, self._service),
            _if("config" in parts, self._config_sha256),
            _if("transactions" in parts, self._transactions),
            _if("raft" in parts, self._raft),
        )
        # An unsynchronised chronyd prints an offset of 0, which says nothing; others take no order to step.
        offset = clock.value if clock and clock.value and clock.value.synchronised else None
        offset = None if offset and offset.kept_by is not UNSET else offset
        running = service.value if service else None
        return NodeState(
            boot_id=boot_id(),
            config_sha256=sha256.value if sha256 else None,
            service_state=running.state if running else "unknown",
            service_pid=running.pid if running else None,
            service_load=running.load if running else UNSET,
            offset_ms=offset.offset_ms if offset else None,
            offset_error_ms=offset.error_ms if offset else None,
            transactions_active=transactions.value if transactions else None,
            pod=running.pod if running else UNSET,
            raft=raft.value if raft and raft.value else UNSET,
        )

    async def _actions(self) -> Read[tuple[str, ...]]:
        return Read(value=self._offered(self._settings) if self._offered else ())

    async def _clock(self) -> Read[Clock]:
        deadline_s = self._settings.deadlines.clock + GRACE_S
        return await take(read_clock(self._settings), deadline_s)

    async def _service(self) -> Read[Service]:
        deadline_s = self._settings.deadlines.service + GRACE_S
        return await take(read_service(self._settings), deadline_s)

    async def _config(self) -> Read[Config]:
        path = self._settings.config_file
        return await take_in_thread(lambda: read_config(path), self._settings.deadlines.config)

    async def _transactions(self) -> Read[int]:
        deadline_s = self._settings.deadlines.metrics + GRACE_S
        return await take(read_transactions(self._settings), deadline_s)

    async def _raft(self) -> Read[Raft]:
        return await take(read_raft(self._settings), self._settings.deadlines.metrics + GRACE_S)

    async def _config_sha256(self) -> Read[str]:
        path = self._settings.config_file
        deadline_s = self._settings.deadlines.config
        return await take_in_thread(lambda: read_config_bytes(path).sha256, deadline_s)


async def _if(asked: bool, reader: Callable[[], Awaitable[Read[T]]]) -> Read[T] | None:
    return await reader() if asked else None


async def take_in_thread(read: Callable[[], T], deadline_s: float) -> Read[T]:
    """Take a reading that blocks."""
    return await take(asyncio.to_thread(read), deadline_s)


def _within_bounds(name: ReadingName, read: Read[Any]) -> Read[Any]:
    """Return a reading as it may be sent, or why it may not: one too long would cost all the others."""
    try:
        parse(read.to_json(), _KINDS[name])
    except BadMessageError as error:
        missing = plain(f"The reading is more than may be sent: {error}", limit=200)
        return Read(value=None, missing=missing, took_ms=read.took_ms)
    return read


async def take(reading: Awaitable[T], deadline_s: float) -> Read[T]:
    """Await a reading; whatever goes wrong becomes a sentence."""
    start = time.monotonic()
    value: T | None = None
    missing: str | None = None
    timed_out: bool | UnsetType = UNSET
    refused: bool | UnsetType = UNSET
    not_permitted: bool | UnsetType = UNSET
    try:
        async with asyncio.timeout(deadline_s):
            value = await reading
    except TimeoutError:
        missing, timed_out = f"No answer within {deadline_s:g} s.", True
    except AgentError as error:
        missing = str(error)[:MAX_SENTENCE_CHARS]
        timed_out = True if isinstance(error, ReadingTimedOutError) else UNSET
        refused = True if isinstance(error, ReadingRefusedError) else UNSET
        not_permitted = True if isinstance(error, ReadingNotPermittedError) else UNSET
    except Exception as error:  # A reading must never take the others down with it.
        missing = plain(f"The reading failed: {type(error).__name__}: {error}", limit=200)
    took_ms = (time.monotonic() - start) * 1000
    return Read(
        value=value,
        missing=missing,
        took_ms=took_ms,
        timed_out=timed_out,
        refused=refused,
        not_permitted=not_permitted,
    )
