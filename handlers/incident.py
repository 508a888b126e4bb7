"""An incident is its timeline: this folds the events into the present state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any

from handlers.alerts import Alert, Identity
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
    Offer,
    Person,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
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
    """A confirmed plan being carried out. `generation` is its confirmation's place in the timeline."""

    plan: Plan
    handle: str
    confirmed_by: Person
    confirmed_at: datetime
    generation: int
    actions: dict[int, ActionRun] = field(default_factory=dict)
    ended: RunEnded | None = None


@dataclass(frozen=True)
class Incident:
    """The present state. `position` is the number of events folded, and the next one's compare value."""

    id: str
    position: int = 0
    cluster: str = ""
    runbook: str = ""
    opened_at: datetime | None = None
    alerts: dict[str, Alert] = field(default_factory=dict)
    evidence: Evidence | None = None
    evidence_at: datetime | None = None
    diagnosis: Diagnosis | None = None
    offers: tuple[Offer, ...] = ()
    proposals: dict[str, PlanProposed] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    leader_seen: LeaderSeen | None = None
    verified: LeaderVerified | None = None
    closed: Closed | None = None

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
    return replace(
        incident,
        cluster=event.cluster,
        runbook=event.runbook,
        opened_at=incident.opened_at or event.at,
        alerts={**incident.alerts, **{alert.fingerprint: alert for alert in event.alerts}},
    )


def _evidence_read(incident: Incident, event: EvidenceRead) -> Incident:
    return replace(incident, evidence=event.evidence, evidence_at=event.at)


def _findings_ranked(incident: Incident, event: FindingsRanked) -> Incident:
    return replace(incident, diagnosis=event.diagnosis, offers=event.offers)


def _plan_proposed(incident: Incident, event: PlanProposed) -> Incident:
    return replace(incident, proposals={**incident.proposals, event.handle: event})


def _plan_confirmed(incident: Incident, event: PlanConfirmed) -> Incident:
    run = Run(
        plan=incident.proposals[event.handle].plan,
        handle=event.handle,
        confirmed_by=event.by,
        confirmed_at=event.at,
        generation=incident.position,
    )
    return replace(incident, runs=(*incident.runs, run), verified=None, leader_seen=None)


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
    ActionStarted: _action_started,
    ActionFinished: _action_finished,
    RunEnded: _run_ended,
    LeaderSeen: _leader_seen,
    LeaderVerified: _leader_verified,
    Closed: _closed,
}
