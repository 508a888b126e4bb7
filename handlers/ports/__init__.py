"""What the handlers need from outside, one Protocol per thing; `bot` implements them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from handlers.domain.escalation.model import TargetKind
from handlers.domain.history.month import Objective
from handlers.domain.permissions import Permissions
from handlers.ports.alerting import Alertmanager, Prometheus, ReconcileCheckpoints, Silences
from handlers.ports.chat import Directory, Place, Purpose, Threads
from handlers.ports.doctor import Doctor
from handlers.ports.escalation import HandOvers, OnCallSchedule, Pager, Rotas
from handlers.ports.nodes import (
    Agents,
    CannotEdit,
    ClusterReader,
    Fence,
    HeldBy,
    NotBegun,
    Obstacle,
    Order,
    Outcome,
    Readiness,
    RunLocks,
)
from handlers.ports.posture import Notices, Postures
from handlers.ports.reading import ReadOnlyPorts, ReadPorts
from handlers.ports.timelines import IncidentHistory, Timelines

__all__ = [
    "Agents",
    "Alertmanager",
    "CannotEdit",
    "ClusterReader",
    "Directory",
    "Doctor",
    "Fence",
    "HandOvers",
    "HeldBy",
    "IncidentHistory",
    "NotBegun",
    "Notices",
    "Obstacle",
    "OnCallSchedule",
    "Order",
    "Outcome",
    "Pager",
    "Place",
    "Ports",
    "Postures",
    "Prometheus",
    "Purpose",
    "ReadOnlyPorts",
    "ReadPorts",
    "Readiness",
    "ReconcileCheckpoints",
    "Rotas",
    "RunLocks",
    "Silences",
    "Threads",
    "Time",
    "Timelines",
    "Troubles",
]


class Time(Protocol):
    """The bot's own clock."""

    def now(self) -> datetime:
        """Return the current time, with its zone."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""


class Troubles(Protocol):
    """What is wrong with the bot itself."""

    async def now(self) -> tuple[str, ...]:
        """Return a sentence for each trouble; none where all is well."""


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
    checkpoints: ReconcileCheckpoints | None = None
    troubles: Troubles | None = None
    postures: Postures | None = None
    notices: Notices | None = None
    pagers: Mapping[TargetKind, Pager] = field(default_factory=dict)
    schedule: OnCallSchedule | None = None
    rotas: Rotas | None = None
    hand_overs: HandOvers | None = None
    doctor: Doctor | None = None
    objective: Objective = field(default_factory=Objective)
