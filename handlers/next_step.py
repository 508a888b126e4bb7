"""What an incident needs next: level, not edge. Pure, so a restart loses no timer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.incident import Incident
from runbooks.all_runbooks import RUNBOOKS

READ_AGAIN_AFTER_S = 60.0
"""While nobody leads and nothing runs, findings older than this are drawn up again."""

LOOK_EVERY_S = 1.0
"""How often the nodes are asked who leads while an incident is open."""

LOOK_EVERY_WHEN_RECOVERED_S = 5.0
"""... and once a leader is verified and only Alertmanager's own word is awaited."""

RECOVERY_GRACE_S = 60.0
"""How long after a run, beyond the time to be stable, a leader may take before it is read again."""


@dataclass(frozen=True)
class ReadCluster:
    """Gather evidence from every node and judge it."""


@dataclass(frozen=True)
class RunAction:
    """Carry out one action of the confirmed plan."""

    index: int


@dataclass(frozen=True)
class EndRun:
    """Note that the run is over."""


@dataclass(frozen=True)
class Look:
    """Ask the nodes who leads; if nothing has changed, again after so many seconds."""

    again_after_s: float


@dataclass(frozen=True)
class Close:
    """End the incident."""


@dataclass(frozen=True)
class Rest:
    """Nothing, until something happens."""


Step = ReadCluster | RunAction | EndRun | Look | Close | Rest


def next_step(incident: Incident, now: datetime) -> Step:
    """Decide the one next step.

    Args:
        incident: The present state.
        now: The present time.
    """
    if incident.closed or incident.opened_at is None:
        return Rest()
    if incident.running:
        return _next_of_run(incident)
    if incident.runbook not in RUNBOOKS:
        return Rest() if incident.firing else Close()
    if incident.verified:
        return Look(LOOK_EVERY_WHEN_RECOVERED_S) if incident.firing else Close()
    if _evidence_is_due(incident, now):
        return ReadCluster()
    return Look(LOOK_EVERY_S)


def _next_of_run(incident: Incident) -> Step:
    run = incident.runs[-1]
    for index in range(len(run.plan.steps)):
        action = run.actions.get(index)
        if action is None or action.finished is None:
            return RunAction(index)
        if action.finished.state != "done":
            break
    return EndRun()


def _evidence_is_due(incident: Incident, now: datetime) -> bool:
    if incident.evidence_at is None or incident.diagnosis is None:
        return True
    seen = incident.leader_seen
    if seen and seen.leadership.leader:
        return False
    ended = incident.run.ended if incident.run else None
    if ended and not ended.completed and incident.evidence_at < ended.at:
        return True
    fresh_until = incident.evidence_at + timedelta(seconds=READ_AGAIN_AFTER_S)
    if ended:
        grace_s = stable_s(incident) + RECOVERY_GRACE_S
        fresh_until = max(fresh_until, ended.at + timedelta(seconds=grace_s))
    return now >= fresh_until


def stable_s(incident: Incident) -> float:
    """How long a leader must hold its term here before it counts as recovered."""
    return incident.run.plan.stable_s if incident.run else DEFAULT_STABLE_S


DEFAULT_STABLE_S = 10.0
