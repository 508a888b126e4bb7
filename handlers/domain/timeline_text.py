"""Put each event of a timeline into one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.lifecycle import AlertsReceived, Closed, Noted, Reopened
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
from handlers.domain.events.triage import Acknowledged, Assigned, NoteAdded, Snoozed


def tell(event: Event) -> str:
    """Return one sentence that says what happened."""
    return _SENTENCES[type(event)](event)


def _alerts_received(event: AlertsReceived) -> str:
    names = ", ".join(sorted({f"{alert.name} {alert.status}" for alert in event.alerts}))
    return f"Alertmanager: {names} ({event.reason.value.replace('_', ' ')})"


def _evidence_read(event: EvidenceRead) -> str:
    return "every node was read" if event.evidence.complete else "part of the nodes was read"


def _findings_ranked(event: FindingsRanked) -> str:
    top = event.diagnosis.top
    return f"{event.diagnosis.summary} ({top.cause}: {top.verdict.value})"


def _plan_confirmed(event: PlanConfirmed) -> str:
    waits = "; a second person must approve" if event.second_needed else ""
    return f"{event.by.name} confirmed plan {event.plan_sha256[:12]}{waits}"


def _action_finished(event: ActionFinished) -> str:
    return f"action {event.index + 1} is {event.state.replace('_', ' ')}: {event.detail}"


def _node_checked(event: NodeChecked) -> str:
    return f"{event.node} was checked: {'; '.join(event.complaints) or 'as well as before'}"


def _leader_seen(event: LeaderSeen) -> str:
    lead = event.leadership
    return f"{lead.leader} leads term {lead.term}" if lead.leader else "no leader with a majority"


def _leader_verified(event: LeaderVerified) -> str:
    lead = event.leadership
    return f"leader verified: {lead.leader}, term {lead.term}, stable for {event.stable_s:.0f} s"


_SENTENCES: dict[type, Callable[[Any], str]] = {
    AlertsReceived: _alerts_received,
    EvidenceRead: _evidence_read,
    FindingsRanked: _findings_ranked,
    PlanProposed: lambda event: f"{event.by.name} was shown a plan: {event.plan.title}",
    PlanConfirmed: _plan_confirmed,
    PlanApproved: lambda event: f"{event.by.name} approved the plan",
    StopAsked: lambda event: f"{event.by.name} asked to stop before the next node",
    ActionStarted: lambda event: f"action {event.index + 1} was granted",
    ActionFinished: _action_finished,
    NodeChecked: _node_checked,
    RunEnded: lambda event: f"the run ended: {event.detail}",
    Silenced: lambda event: event.detail,
    SilenceLifted: lambda event: event.detail,
    LeaderSeen: _leader_seen,
    LeaderVerified: _leader_verified,
    RecoverySeen: lambda event: event.sign or "not well any more",
    RecoveryVerified: lambda event: f"verified: {event.sentence}, stable for {event.stable_s:.0f} s",
    Noted: lambda event: event.sentence,
    Acknowledged: lambda event: f"{event.by.name} has it",
    Assigned: lambda event: f"{event.by.name} gave it to {event.to.name}",
    Snoozed: lambda event: f"{event.by.name} snoozed it until {event.until:%H:%M} UTC",
    NoteAdded: lambda event: f"{event.by.name} noted: {event.text}",
    Reopened: lambda event: f"{event.by.name} opened it again",
    Closed: lambda event: event.detail,
}
