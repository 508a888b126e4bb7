"""What Alertmanager and Prometheus know of alerts, and the checkpoint between two reconciliations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from handlers.domain.alerts import Alert
from runbooks.evidence import Frozen


@dataclass(frozen=True)
class Held:
    """An alert that Alertmanager holds firing.

    `suppressed` says whether a silence or an inhibition mutes it, `ours` whether it is routed to the bot.
    """

    alert: Alert
    suppressed: bool
    ours: bool


@dataclass(frozen=True)
class Listing:
    """What Alertmanager holds firing. What is `unreadable` of it is not absent: nobody knows which it is."""

    held: tuple[Held, ...]
    unreadable: int = 0


Labels = Mapping[str, str]


@dataclass(frozen=True)
class Fired:
    """One firing of an alert as Prometheus recorded it, from its `first` to its `last` sample."""

    labels: Labels
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Sample:
    """One value of a series and its time."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """The samples of one label set, oldest first."""

    labels: Labels
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class LeaderRecord:
    """What Prometheus knows of a span: for how long it looked at the cluster, and saw no leader meanwhile."""

    known: timedelta
    leaderless: timedelta


class ReconcileCheckpoint(Frozen):
    """State kept between two reconciliations with the alerting.

    Args:
        at: When all sources last answered; Prometheus is asked about the time since.
        unknown_since: By fingerprint, when an alert that no incident knows was first held.
        absent_since: By `incident/fingerprint`, when an alert that fires there was first not held.
    """

    at: AwareDatetime
    unknown_since: Mapping[str, AwareDatetime] = Field(default_factory=dict)
    absent_since: Mapping[str, AwareDatetime] = Field(default_factory=dict)
