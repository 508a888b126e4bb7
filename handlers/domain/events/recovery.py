"""Events of waiting until the cluster is well again."""

from __future__ import annotations

from typing import Literal

from handlers.domain.events.base import TimelineEvent
from runbooks.model import Leadership


class LeaderSeen(TimelineEvent):
    """Leadership, as a look at the nodes showed it, changed to this."""

    kind: Literal["leader_seen"] = "leader_seen"
    leadership: Leadership


class RecoverySeen(TimelineEvent):
    """What a runbook waits for came, changed or went (`sign` is empty then); leadership has its own event."""

    kind: Literal["recovery_seen"] = "recovery_seen"
    sign: str
    progress: int | None = None


class RecoveryVerified(TimelineEvent):
    """What a runbook waits for has lasted long enough; leadership has its own event."""

    kind: Literal["recovery_verified"] = "recovery_verified"
    sentence: str
    stable_s: float


class LeaderVerified(TimelineEvent):
    """One leader held the highest term, acknowledged by a majority, for as long as was asked."""

    kind: Literal["leader_verified"] = "leader_verified"
    leadership: Leadership
    stable_s: float
