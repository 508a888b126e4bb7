"""Events of waiting until the cluster is well again."""

from __future__ import annotations

from typing import Literal

from handlers.domain.events.base import TimelineEvent
from runbooks.model import Leadership


class LeaderSeen(TimelineEvent):
    """Leadership changed to this, as a reading of the nodes showed."""

    kind: Literal["leader_seen"] = "leader_seen"
    leadership: Leadership


class RecoverySeen(TimelineEvent):
    """The sign of recovery appeared, changed or went (then `sign` is empty); leadership has its own event."""

    kind: Literal["recovery_seen"] = "recovery_seen"
    sign: str
    progress: int | None = None


class RecoveryVerified(TimelineEvent):
    """The sign of recovery has lasted long enough; leadership has its own event."""

    kind: Literal["recovery_verified"] = "recovery_verified"
    sentence: str
    stable_s: float


class LeaderVerified(TimelineEvent):
    """One leader held the highest term, acknowledged by a majority, for as long as was asked."""

    kind: Literal["leader_verified"] = "leader_verified"
    leadership: Leadership
    stable_s: float
