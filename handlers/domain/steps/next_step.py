"""Decide what an incident needs next from its present state. Pure, so a restart loses no timer."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.domain.alerts import UNCONFIGURED
from handlers.domain.incident import CLUSTER_GONE, Incident
from handlers.domain.regrouping.choices import outlived
from handlers.domain.run import Run
from handlers.domain.steps import throttling
from handlers.domain.steps.kinds import (
    CheckNode,
    Close,
    EndRun,
    GiveAlerts,
    LiftSilence,
    NoteClusterGone,
    ReadCluster,
    Rest,
    RunAction,
    Silence,
    SplitOutlived,
    Step,
    Wait,
    WatchRecovery,
)
from runbooks.all_runbooks import RUNBOOKS, can_prove

READ_AGAIN_AFTER_S = 60.0
"""While nobody leads and nothing runs, findings older than this are drawn up again.

... or than a tenth of the incident's age, up to `pace.at_most_every_s`: what has stood for hours changes
slowly, and every reading stays in the timeline.
"""

WATCH_EVERY_S = 1.0
"""How often the runbook looks whether the cluster is well while an incident is open, by the metrics pages."""

READ_EVERY_S = 15.0
"""... and where it needs everything that can be read."""

WATCH_EVERY_WHEN_RECOVERED_S = 5.0
"""... and once that is verified and only Alertmanager's own word is awaited."""

CLUSTER_GONE_AFTER_S = 30.0
"""How long nobody must have read a cluster that this replica does not know before it counts as gone."""

LEFT_TO_OTHERS_S = 5.0

RULES_FIRST_S = 3.0
"""How long an alert without a runbook waits, so that the others of its notification are read first."""

CLOCKS_DIFFER_S = 5.0
"""How far the clocks of replicas may be apart by what they measure."""

DEFAULT_STABLE_S = 10.0

RECOVERY_GRACE_S = 60.0
"""How long after a run, beyond the time to be stable, a leader may take before it is read again."""


def next_step(  # noqa: PLR0911  one return a step
    incident: Incident, now: datetime, *, is_configured: bool = True
) -> Step:
    """Decide the one next step.

    Args:
        incident: The present state.
        now: The present time.
        is_configured: Whether this replica's configuration has the incident's cluster.
    """
    if incident.closed or incident.opened_at is None:
        return Rest()
    if incident.regrouping.request:
        return GiveAlerts(incident.regrouping.request)
    if not is_configured and incident.runbook != UNCONFIGURED:
        return _without_its_cluster(incident, now)
    if incident.running:
        return _next_of_run(incident, incident.running)
    if _silence_is_over(incident):
        return LiftSilence()
    if not can_prove(incident.runbook):
        return _without_proof(incident, now)
    if outlived(incident, now):
        return SplitOutlived()
    if incident.verified:
        every_s = max(WATCH_EVERY_WHEN_RECOVERED_S, _watch_every_s(incident))
        return WatchRecovery(every_s) if incident.firing else Close()
    if _evidence_is_due(incident, now):
        return ReadCluster()
    return WatchRecovery(_watch_every_s(incident))


def _without_its_cluster(incident: Incident, now: datetime) -> Step:
    """While replicas change their configuration one after the other, the others may know the cluster."""
    last_read = max(filter(None, (incident.opened_at, incident.evidence_at, incident.recovery_changed_at)))
    if abs((now - last_read).total_seconds()) < CLUSTER_GONE_AFTER_S:
        return Wait(LEFT_TO_OTHERS_S)
    if incident.running:
        return EndRun()
    if _silence_is_over(incident):
        return LiftSilence()
    if CLUSTER_GONE not in incident.remarks:
        return NoteClusterGone()
    return Rest() if incident.firing else Close()


def _without_proof(incident: Incident, now: datetime) -> Step:
    """Return the step where nothing proves that all is well: the end of the alerts ends the incident."""
    if not incident.firing:
        return Close()
    if incident.runbook not in RUNBOOKS:
        return _without_runbook(incident, now)
    return ReadCluster() if _evidence_is_due(incident, now) else Wait(READ_EVERY_S)


def _without_runbook(incident: Incident, now: datetime) -> Step:
    """Read once what the cluster shows, after those that a rule waits to judge: there may be a storm."""
    if incident.reading_asked:
        return ReadCluster()
    if incident.evidence_at or incident.opened_at is None or not incident.is_readable:
        return Rest()
    age_s = abs((now - incident.opened_at).total_seconds())
    return ReadCluster() if age_s >= RULES_FIRST_S else Wait(RULES_FIRST_S)


def _next_of_run(incident: Incident, run: Run) -> Step:
    if run.silence_minutes and incident.silence is None:
        return Silence()
    if _has_failed(run) or incident.went_back:
        return EndRun()
    for node in _order(run):
        if not run.stop_asked_by or _is_begun(run, node):
            for index in run.indexes_of(node):
                if not run.is_done(index):
                    return RunAction(index)
            if node not in run.checks:
                return CheckNode(node)
    return EndRun()


def _has_failed(run: Run) -> bool:
    states = [action.finished.state for action in run.actions.values() if action.finished]
    return any(state != "done" for state in states) or any(check.complaints for check in run.checks.values())


def _order(run: Run) -> list[str]:
    """Return the plan's nodes: those begun first, then as planned, but whoever led at the last check last."""
    leader = list(run.checks.values())[-1].leader if run.checks else None
    return sorted(run.plan.nodes, key=lambda node: (not _is_begun(run, node), node == leader))


def _is_begun(run: Run, node: str) -> bool:
    return any(index in run.actions for index in run.indexes_of(node))


def _silence_is_over(incident: Incident) -> bool:
    silent = incident.silence is not None and incident.silence.silence_id is not None
    failed = incident.run is not None and incident.run.ended is not None and not incident.run.ended.completed
    return silent and (incident.verified is not None or failed)


def _evidence_is_due(incident: Incident, now: datetime) -> bool:
    if incident.evidence_at is None or incident.diagnosis is None or incident.reading_asked:
        return True
    if incident.evidence_at - now > timedelta(seconds=CLOCKS_DIFFER_S):
        return True  # the clock was put back since: nobody knows how old this is
    if incident.recovering:
        return False
    ended = incident.run.ended if incident.run else None
    if ended and not ended.completed and incident.evidence_at < ended.at:
        return True
    fresh_until = incident.evidence_at + timedelta(seconds=_read_again_after_s(incident))
    if ended:
        grace_s = stable_s(incident) + RECOVERY_GRACE_S
        fresh_until = max(fresh_until, ended.at + timedelta(seconds=grace_s))
    return now >= fresh_until


def _watch_every_s(incident: Incident) -> float:
    return WATCH_EVERY_S if RUNBOOKS[incident.runbook].RECOVERY_NEEDS == "metrics" else READ_EVERY_S


def _read_again_after_s(incident: Incident) -> float:
    if incident.opened_at is None or incident.evidence_at is None:
        return READ_AGAIN_AFTER_S
    age_s = (incident.evidence_at - incident.opened_at).total_seconds()
    return min(max(READ_AGAIN_AFTER_S, age_s / 10), throttling.at_most_every_s(incident))


def stable_s(incident: Incident) -> float:
    """Return how many seconds a leader must hold its term before the cluster counts as recovered."""
    return incident.run.plan.stable_s if incident.run else DEFAULT_STABLE_S
