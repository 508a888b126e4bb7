"""An incident is its timeline: this folds the events into the present state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any

from handlers.alerts import Alert, Identity, Reason
from handlers.events import (
    ActionFinished,
    ActionStarted,
    AlertsReceived,
    Closed,
    Event,
    EvidenceRead,
    FindingsRanked,
    LeaderSeen,
    LeaderVerified,
    NodeChecked,
    Noted,
    Offer,
    Person,
    PlanApproved,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
    Silenced,
    SilenceLifted,
    StopAsked,
)
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Plan


class Stage(StrEnum):
    """Where an incident stands."""

    OPENED = "opened"
    DIAGNOSED = "diagnosed"
    RUNNING = "running"
    WATCHING = "watching"
    RECOVERED = "recovered"
    CLOSED = "closed"


@dataclass(frozen=True)
class ActionRun:
    """One action of a run; `finished` is `None` while it is not known to have ended."""

    action_id: str
    finished: ActionFinished | None = None


@dataclass(frozen=True)
class Run:
    """A confirmed plan being carried out.

    `generation` is the place in the timeline of the event that began it; `fence` orders the runs of a
    cluster; `checks` are by node.
    """

    plan: Plan
    handle: str
    confirmed_by: Person
    confirmed_at: datetime
    generation: int
    fence: int = 0
    approved_by: Person | None = None
    silence_minutes: int = 0
    actions: dict[int, ActionRun] = field(default_factory=dict)
    checks: dict[str, NodeChecked] = field(default_factory=dict)
    stop_asked_by: Person | None = None
    ended: RunEnded | None = None

    def is_done(self, index: int) -> bool:
        """Whether an action is known to have been carried out."""
        action = self.actions.get(index)
        return bool(action and action.finished and action.finished.state == "done")

    def indexes_of(self, node: str) -> tuple[int, ...]:
        """The plan's steps on one node."""
        return tuple(i for i, step in enumerate(self.plan.steps) if step.action.node == node)


@dataclass(frozen=True)
class Incident:
    """The present state. `position` is the number of events folded, and the next one's compare value.

    `mac` is the store's: by it the next event follows from the last one folded.
    `alerts` holds each alert's newest word by its fingerprint, `firings` that of each of its firings.
    """

    id: str
    position: int = 0
    cluster: str = ""
    runbook: str = ""
    opened_at: datetime | None = None
    alerts: dict[str, Alert] = field(default_factory=dict)
    firings: dict[tuple[str, datetime], Alert] = field(default_factory=dict)
    notes: dict[str, Noted] = field(default_factory=dict)
    evidence: Evidence | None = None
    evidence_at: datetime | None = None
    diagnosis: Diagnosis | None = None
    offers: tuple[Offer, ...] = ()
    proposals: dict[str, PlanProposed] = field(default_factory=dict)
    awaiting_second: PlanConfirmed | None = None
    runs: tuple[Run, ...] = ()
    silence: Silenced | None = None
    leader_seen: LeaderSeen | None = None
    verified: LeaderVerified | None = None
    closed: Closed | None = None
    mac: str = field(default="", compare=False)

    @property
    def identity(self) -> Identity:
        """What makes alerts belong here while it is open."""
        return Identity(self.cluster, self.runbook)

    @property
    def firing(self) -> tuple[Alert, ...]:
        """The alerts that Alertmanager still holds firing."""
        return tuple(alert for alert in self.alerts.values() if alert.status == "firing")

    @property
    def run(self) -> Run | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def running(self) -> Run | None:
        """The run that is under way."""
        return self.run if self.run and not self.run.ended else None

    @property
    def stage(self) -> Stage:
        """One word for where it stands."""
        if self.closed:
            return Stage.CLOSED
        if self.verified:
            return Stage.RECOVERED
        if self.running:
            return Stage.RUNNING
        if self.run:
            return Stage.WATCHING
        return Stage.DIAGNOSED if self.diagnosis else Stage.OPENED


def fold(incident_id: str, events: Iterable[Event]) -> Incident:
    """The state after these events, from the first on."""
    return apply(Incident(id=incident_id), *events)


def apply(incident: Incident, *events: Event) -> Incident:
    """The state after some more events."""
    return reduce(_apply_one, events, incident)


def _apply_one(incident: Incident, event: Event) -> Incident:
    return replace(_APPLIERS[type(event)](incident, event), position=incident.position + 1)


def _alerts_received(incident: Incident, event: AlertsReceived) -> Incident:
    said = {alert.fingerprint: alert for alert in event.alerts}
    # What came and went unseen is older than anything that is known of the same alert.
    past = event.reason is Reason.CAME_AND_WENT
    return replace(
        incident,
        cluster=event.cluster,
        runbook=event.runbook,
        opened_at=incident.opened_at or event.at,
        alerts={**said, **incident.alerts} if past else {**incident.alerts, **said},
        firings={**incident.firings, **{(a.fingerprint, a.starts_at): a for a in event.alerts}},
    )


def _noted(incident: Incident, event: Noted) -> Incident:
    return replace(incident, notes={**incident.notes, event.key: incident.notes.get(event.key, event)})


def _evidence_read(incident: Incident, event: EvidenceRead) -> Incident:
    return replace(incident, evidence=event.evidence, evidence_at=event.at)


def _findings_ranked(incident: Incident, event: FindingsRanked) -> Incident:
    return replace(incident, diagnosis=event.diagnosis, offers=event.offers)


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
    return replace(incident, runs=runs, awaiting_second=None, silence=None, verified=None, leader_seen=None)


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
    return _with_run(incident, replace(incident.runs[-1], ended=event))


def _with_run(incident: Incident, run: Run) -> Incident:
    return replace(incident, runs=(*incident.runs[:-1], run))


def _leader_seen(incident: Incident, event: LeaderSeen) -> Incident:
    return replace(incident, leader_seen=event, verified=None)


def _leader_verified(incident: Incident, event: LeaderVerified) -> Incident:
    return replace(incident, verified=event)


def _closed(incident: Incident, event: Closed) -> Incident:
    return replace(incident, closed=event)


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
    Noted: _noted,
    LeaderSeen: _leader_seen,
    LeaderVerified: _leader_verified,
    Closed: _closed,
}
