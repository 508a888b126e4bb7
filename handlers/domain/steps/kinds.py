"""The kinds of steps that an incident can need next."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.domain.regrouping.state import Request


@dataclass(frozen=True)
class ReadCluster:
    """Gather evidence from every node and judge it."""


@dataclass(frozen=True)
class RunAction:
    """Carry out one action of the confirmed plan."""

    index: int


@dataclass(frozen=True)
class CheckNode:
    """Check whether a node and the cluster are as well as before the node was acted on."""

    node: str


@dataclass(frozen=True)
class Silence:
    """Silence the incident's alerts for the run."""


@dataclass(frozen=True)
class LiftSilence:
    """End the silence."""


@dataclass(frozen=True)
class EndRun:
    """Record that the run is over."""


@dataclass(frozen=True)
class WatchRecovery:
    """Ask the runbook whether the cluster has recovered; if nothing changed, repeat after so many seconds."""

    again_after_s: float


@dataclass(frozen=True)
class GiveAlerts:
    """Carry out the merge or the split that was asked for."""

    request: Request


@dataclass(frozen=True)
class SplitOutlived:
    """Ask for an incident of their own for alerts that nothing explains any more."""


@dataclass(frozen=True)
class Wait:
    """Look again after so many seconds."""

    again_after_s: float


@dataclass(frozen=True)
class NoteClusterGone:
    """Say that the cluster is in the configuration no more."""


@dataclass(frozen=True)
class Close:
    """Close the incident."""


@dataclass(frozen=True)
class Rest:
    """Do nothing until something happens."""


Step = (
    ReadCluster
    | RunAction
    | CheckNode
    | Silence
    | LiftSilence
    | EndRun
    | WatchRecovery
    | GiveAlerts
    | SplitOutlived
    | Wait
    | NoteClusterGone
    | Close
    | Rest
)
