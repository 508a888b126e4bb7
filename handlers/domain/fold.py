"""Fold an incident's events into its present state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Any

from handlers.domain.alerts import Reason
from handlers.domain.escalation.fold import ESCALATION_APPLIERS
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.lifecycle import AlertsReceived, Closed, EarlierIncidents, Remarked, Reopened
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified, RecoverySeen, RecoveryVerified
from handlers.domain.events.remediation import (
    ActionFinished,
    ActionStarted,
    NodeChecked,
    PlanApproved,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
    Silenced,
    SilenceLifted,
    StopAsked,
)
from handlers.domain.fold_triage import TRIAGE_APPLIERS
from handlers.domain.incident import Incident
from handlers.domain.regrouping.fold import REGROUPING_APPLIERS
from handlers.domain.run import ActionRun, Run
from handlers.domain.unconfirmed import Judged
from handlers.domain.wide_outage.fold import WIDE_OUTAGE_APPLIERS

KEPT_FIRINGS = 500
"""Only the newest are asked about: whether a firing of the last day was seen."""


def fold(incident_id: str, events: Iterable[Event]) -> Incident:
    """Return the state after these events, from the first on."""
    return apply(Incident(id=incident_id), *events)


def apply(incident: Incident, *events: Event) -> Incident:
    """Return the state after some more events."""
    return reduce(_apply_one, events, incident)


def _apply_one(incident: Incident, event: Event) -> Incident:
    return replace(_APPLIERS[type(event)](incident, event), position=incident.position + 1)


def _alerts_received(incident: Incident, event: AlertsReceived) -> Incident:
    said = {alert.fingerprint: alert for alert in event.alerts}
    # A firing that came and went unseen is older than whatever is known of the same alert.
    past = event.reason is Reason.CAME_AND_WENT
    firings = {**incident.firings, **{(a.fingerprint, a.starts_at): a for a in event.alerts}}
    return replace(
        incident,
        # Its first alert says what an incident is about; one that was put into it later does not move it.
        cluster=incident.cluster or event.cluster,
        runbook=incident.runbook or event.runbook,
        handle=incident.handle or event.handle,
        opened_at=incident.opened_at or event.at,
        alerts={**said, **incident.alerts} if past else {**incident.alerts, **said},
        firings=dict(list(firings.items())[-KEPT_FIRINGS:]),
    )


def _remarked(incident: Incident, event: Remarked) -> Incident:
    return replace(incident, remarks={**incident.remarks, event.key: incident.remarks.get(event.key, event)})


def _evidence_read(incident: Incident, event: EvidenceRead) -> Incident:
    return replace(incident, evidence=event.evidence, evidence_at=event.at, reading_asked=None)


def _findings_ranked(incident: Incident, event: FindingsRanked) -> Incident:
    return replace(
        incident,
        diagnosis=event.diagnosis,
        offers=event.offers,
        last_sure=_last_sure(incident, event),
        unconfirmed=event.unconfirmed,
        diagnosed_at=incident.diagnosed_at or event.at,
        lost_since=(incident.lost_since or event.at) if event.diagnosis.lost else None,
    )


def _last_sure(incident: Incident, event: FindingsRanked) -> Judged | None:
    """Return what later findings are held against: not what lost sight of something, nor half a reading."""
    if event.unconfirmed or incident.evidence is None or not incident.evidence.complete:
        return incident.last_sure
    return Judged(incident.evidence, event.diagnosis)


def _plan_proposed(incident: Incident, event: PlanProposed) -> Incident:
    return replace(incident, proposals={**incident.proposals, event.handle: event})


def _plan_confirmed(incident: Incident, event: PlanConfirmed) -> Incident:
    if event.second_needed:
        return replace(incident, awaiting_second=event)
    return _begin_run(incident, event, event.at, event.fence)


def _plan_approved(incident: Incident, event: PlanApproved) -> Incident:
    confirmed = incident.awaiting_second
    if confirmed is None or confirmed.handle != event.handle:
        return incident
    return _begin_run(incident, confirmed, event.at, event.fence, approved_by=event.by)


def _begin_run(
    incident: Incident,
    confirmed: PlanConfirmed,
    at: datetime,
    fence: int,
    *,
    approved_by: Person | None = None,
) -> Incident:
    run = Run(
        plan=incident.proposals[confirmed.handle].plan,
        handle=confirmed.handle,
        confirmed_by=confirmed.by,
        confirmed_at=at,
        generation=incident.position,
        fence=fence,
        approved_by=approved_by,
        silence_minutes=confirmed.silence_minutes,
    )
    runs = (*incident.runs, run)
    return replace(
        incident,
        runs=runs,
        awaiting_second=None,
        last_sure=None,
        unconfirmed=None,
        silence=None,
        verified=None,
        leader_seen=None,
        recovery_seen=None,
        leader_changes=0,
        went_back=False,
    )


def _stop_asked(incident: Incident, event: StopAsked) -> Incident:
    return _with_run(incident, replace(incident.runs[-1], stop_asked_by=event.by))


def _node_checked(incident: Incident, event: NodeChecked) -> Incident:
    run = incident.runs[-1]
    return _with_run(incident, replace(run, checks={**run.checks, event.node: event}))


def _silenced(incident: Incident, event: Silenced) -> Incident:
    return replace(incident, silence=event)


def _silence_lifted(incident: Incident, event: SilenceLifted) -> Incident:
    lifted = incident.silence and incident.silence.model_copy(
        update={"silence_id": None, "detail": event.detail}
    )
    return replace(incident, silence=lifted)


def _action_started(incident: Incident, event: ActionStarted) -> Incident:
    return _with_action(incident, event.index, ActionRun(action_id=event.action_id))


def _action_finished(incident: Incident, event: ActionFinished) -> Incident:
    started = incident.runs[-1].actions.get(event.index, ActionRun(action_id=""))
    return _with_action(incident, event.index, replace(started, finished=event))


def _with_action(incident: Incident, index: int, action: ActionRun) -> Incident:
    run = incident.runs[-1]
    return _with_run(incident, replace(run, actions={**run.actions, index: action}))


def _run_ended(incident: Incident, event: RunEnded) -> Incident:
    ended = replace(incident.runs[-1], ended=event)
    return replace(_with_run(incident, ended), went_back=False)


def _with_run(incident: Incident, run: Run) -> Incident:
    return replace(incident, runs=(*incident.runs[:-1], run))


def _leader_seen(incident: Incident, event: LeaderSeen) -> Incident:
    changes = incident.leader_changes + 1
    return replace(incident, leader_seen=event, verified=None, leader_changes=changes)


def _recovery_seen(incident: Incident, event: RecoverySeen) -> Incident:
    return replace(incident, recovery_seen=event, verified=None, leader_changes=incident.leader_changes + 1)


def _recovery_verified(incident: Incident, event: RecoveryVerified) -> Incident:
    return replace(incident, verified=event, last_sure=None, unconfirmed=None)


def _leader_verified(incident: Incident, event: LeaderVerified) -> Incident:
    return replace(incident, verified=event, last_sure=None, unconfirmed=None)


def _reopened(incident: Incident, event: Reopened) -> Incident:
    return replace(incident, closed=None, verified=None, leader_seen=None, recovery_seen=None)


def _closed(incident: Incident, event: Closed) -> Incident:
    return replace(incident, closed=event, closings=incident.closings + 1)


_APPLIERS: dict[type, Callable[[Incident, Any], Incident]] = {
    AlertsReceived: _alerts_received,
    EvidenceRead: _evidence_read,
    FindingsRanked: _findings_ranked,
    PlanProposed: _plan_proposed,
    PlanConfirmed: _plan_confirmed,
    PlanApproved: _plan_approved,
    StopAsked: _stop_asked,
    NodeChecked: _node_checked,
    Silenced: _silenced,
    SilenceLifted: _silence_lifted,
    ActionStarted: _action_started,
    ActionFinished: _action_finished,
    RunEnded: _run_ended,
    Remarked: _remarked,
    EarlierIncidents: lambda incident, event: replace(incident, earlier=event),
    LeaderSeen: _leader_seen,
    LeaderVerified: _leader_verified,
    RecoverySeen: _recovery_seen,
    RecoveryVerified: _recovery_verified,
    **TRIAGE_APPLIERS,
    **ESCALATION_APPLIERS,
    **REGROUPING_APPLIERS,
    **WIDE_OUTAGE_APPLIERS,
    Reopened: _reopened,
    Closed: _closed,
}
