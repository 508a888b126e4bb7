"""Silences, and what Alertmanager and Prometheus say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handlers.domain.alert_sources import Fired, Held, Labels, LeaderRecord, Listing, ReconcileCheckpoint
from handlers.domain.alerts import Alert
from handlers.errors import (
    SilenceFailed,
    SourceDown,
)


@dataclass
class Silences:
    """Alertmanager's silences; `refuses` is the sentence it fails with."""

    active: dict[str, datetime] = field(default_factory=dict)
    refuses: str | None = None

    async def silence(self, alerts: tuple[Alert, ...], ends_at: datetime, by: str, comment: str) -> str:
        if self.refuses:
            raise SilenceFailed(self.refuses)
        name = f"silence-{len(self.active) + 1}"
        self.active[name] = ends_at
        return name

    async def lift(self, silence_id: str) -> None:
        del self.active[silence_id]


@dataclass
class Alerting:
    """Alertmanager, Prometheus and the last look at them; `silent` names who is down."""

    held: list[Held] = field(default_factory=list)
    unreadable: int = 0
    burning: list[Labels] = field(default_factory=list)
    recorded: list[Fired] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    kept: ReconcileCheckpoint | None = None
    lookbacks_s: list[float] = field(default_factory=list)
    leaders: LeaderRecord = field(default_factory=lambda: LeaderRecord(timedelta(), timedelta()))

    async def leader_record(self, cluster: str, start: datetime, end: datetime) -> LeaderRecord:
        if "Prometheus" in self.silent:
            raise SourceDown("Prometheus does not answer.")
        return self.leaders

    async def firing(self, names: Iterable[str] = ()) -> Any:
        who = "Prometheus" if names else "Alertmanager"
        if who in self.silent:
            raise SourceDown(f"{who} does not answer.")
        return tuple(self.burning) if names else Listing(tuple(self.held), self.unreadable)

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        self.lookbacks_s.append(lookback_s)
        return tuple(fired for fired in self.recorded if fired.labels["alertname"] in names)

    async def last(self) -> ReconcileCheckpoint | None:
        return self.kept

    async def remember(self, checkpoint: ReconcileCheckpoint) -> None:
        self.kept = checkpoint
