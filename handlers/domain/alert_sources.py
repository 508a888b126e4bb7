"""What the handlers need of Alertmanager and Prometheus; `bot` implements it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, Field

from handlers.domain.alerts import Alert
from runbooks.evidence import Frozen


@dataclass(frozen=True)
class Held:
    """An alert that Alertmanager holds firing: whether a silence or an inhibition keeps it from being told,
    and whether it is routed to the bot."""

    alert: Alert
    suppressed: bool
    ours: bool


class Alertmanager(Protocol):
    """What Alertmanager holds."""

    async def firing(self) -> tuple[Held, ...]:
        """Every alert that fires now.

        Raises:
            SourceDown: Where no peer answers.
        """


Labels = Mapping[str, str]


@dataclass(frozen=True)
class Fired:
    """One firing of an alert as Prometheus recorded it: its labels, its first and last moment."""

    labels: Labels
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Sample:
    """One value at one moment."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """The samples of one label set, oldest first."""

    labels: Labels
    samples: tuple[Sample, ...]


class Prometheus(Protocol):
    """Prometheus' API; both methods raise `SourceDown` where it does not answer."""

    async def firing(self, names: Iterable[str]) -> tuple[Labels, ...]:
        """The labels of every alert of these rules that fires now."""

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        """Every firing of these rules within so many seconds before now."""


class ReconcileCheckpoint(Frozen):
    """What the last look at the alerting left behind.

    Args:
        at: When everything was last asked and answered; Prometheus is asked about the time since.
        unknown_since: By fingerprint, when an alert that the bot does not know was first held.
        absent_since: By incident and fingerprint, when an alert that fires there was first not held.
    """

    at: AwareDatetime
    unknown_since: Mapping[str, AwareDatetime] = Field(default_factory=dict)
    absent_since: Mapping[str, AwareDatetime] = Field(default_factory=dict)


class ReconcileCheckpoints(Protocol):
    """Keeps the last look, for every replica."""

    async def last(self) -> ReconcileCheckpoint | None:
        """What was kept."""

    async def remember(self, look: ReconcileCheckpoint) -> None:
        """Keep it in place of what was kept."""
