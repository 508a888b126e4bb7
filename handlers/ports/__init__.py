"""What the handlers need from outside: one Protocol per thing touched. `bot` implements them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.domain.permissions import Permissions
from handlers.ports.alerting import Alertmanager, Prometheus, ReconcileCheckpoints, Silences
from handlers.ports.chat import Directory, Place, Threads
from handlers.ports.nodes import Agents, ClusterReader, Fence, HeldBy, Order, Outcome, Readiness, RunLocks
from handlers.ports.timelines import IncidentHistory, Timelines

__all__ = [
    "Agents",
    "Alertmanager",
    "ClusterReader",
    "Directory",
    "Fence",
    "HeldBy",
    "IncidentHistory",
    "Order",
    "Outcome",
    "Place",
    "Ports",
    "Prometheus",
    "Readiness",
    "ReconcileCheckpoints",
    "RunLocks",
    "Silences",
    "Threads",
    "Time",
    "Timelines",
]


class Time(Protocol):
    """The bot's own clock."""

    def now(self) -> datetime:
        """Return the current time, with its zone."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""


@dataclass(frozen=True)
class Ports:
    """Everything a handler may touch."""

    timelines: Timelines
    past: IncidentHistory
    reader: ClusterReader
    agents: Agents
    directory: Directory
    threads: Threads
    time: Time
    run_locks: RunLocks
    permissions: Permissions
    silences: Silences | None = None
    alertmanager: Alertmanager | None = None
    prometheus: Prometheus | None = None
    looks: ReconcileCheckpoints | None = None
