"""Alertmanager and Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from handlers.domain.alert_sources import Fired, Labels, LeaderRecord, Listing, ReconcileCheckpoint
from handlers.domain.alerts import Alert


class Silences(Protocol):
    """Alertmanager's silences."""

    async def silence(self, alerts: tuple[Alert, ...], ends_at: datetime, by: str, comment: str) -> str:
        """Silence exactly these alerts and return the silence's id.

        Raises:
            SilenceFailed: If Alertmanager does not take the silence.
        """

    async def lift(self, silence_id: str) -> None:
        """Expire a silence now.

        Raises:
            SilenceFailed: If Alertmanager does not take it.
        """


class Alertmanager(Protocol):
    """Alertmanager's list of alerts."""

    async def firing(self) -> Listing:
        """Return all alerts that fire now, and how many of them cannot be read.

        Raises:
            SourceDown: If no peer answers.
        """


class Prometheus(Protocol):
    """Prometheus' record; each method raises `SourceDown` if it does not answer."""

    async def firing(self, names: Iterable[str]) -> tuple[Labels, ...]:
        """Return the labels of all alerts of these rules that fire now."""

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        """Return all firings of these rules within the last `lookback_s` seconds."""

    async def leader_record(self, cluster: str, start: datetime, end: datetime) -> LeaderRecord:
        """Return for how long it looked at a cluster from `start` to `end`, and saw no leader meanwhile."""


class ReconcileCheckpoints(Protocol):
    """Stores the newest checkpoint of the reconciliation, shared by all replicas."""

    async def last(self) -> ReconcileCheckpoint | None:
        """Return the stored checkpoint."""

    async def remember(self, checkpoint: ReconcileCheckpoint) -> None:
        """Replace the stored checkpoint."""
