"""Puts each event of a timeline into one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.domain import events as of
from handlers.domain.events import Event


def tell(event: Event) -> str:
    """Return one sentence that says what happened."""
    return _SENTENCES[type(event)](event)


def _alerts_received(event: of.AlertsReceived) -> str:
    names = ", ".join(sorted({f"{alert.name} {alert.status}" for alert in event.alerts}))
    return f"Alertmanager: {names} ({event.reason.value.replace('_', ' ')})"


def _evidence_read(event: of.EvidenceRead) -> str:
    return "every node was read" if event.evidence.complete else "part of the nodes was read"


def _findings_ranked(event: of.FindingsRanked) -> str:
    top = event.diagnosis.top
    return f"{event.diagnosis.summary} ({top.cause}: {top.verdict.value})"


def _plan_confirmed(event: of.PlanConfirmed) -> str:
    waits = "; a second person must approve" if event.second_needed else ""
    return f"{event.by.name} confirmed plan {event.plan_sha256[:12]}{waits}"


def _action_finished(event: of.ActionFinished) -> str:
    return f"action {event.index + 1} is {event.state.replace('_', ' ')}: {event.detail}"


def _node_checked(event: of.NodeChecked) -> str:
    return f"{event.node} was checked: {'; '.join(event.complaints) or 'as well as before'}"


def _leader_seen(event: of.LeaderSeen) -> str:
    lead = event.leadership
    return f"{lead.leader} leads term {lead.term}" if lead.leader else "no leader with a majority"


def _leader_verified(event: of.LeaderVerified) -> str:
    lead = event.leadership
    return f"leader verified: {lead.leader}, term {lead.term}, stable for {event.stable_s:.0f} s"


_SENTENCES: dict[type, Callable[[Any], str]] = {
    of.AlertsReceived: _alerts_received,
    of.EvidenceRead: _evidence_read,
    of.FindingsRanked: _findings_ranked,
    of.PlanProposed: lambda event: f"{event.by.name} was shown a plan: {event.plan.title}",
    of.PlanConfirmed: _plan_confirmed,
    of.PlanApproved: lambda event: f"{event.by.name} approved the plan",
    of.StopAsked: lambda event: f"{event.by.name} asked to stop before the next node",
    of.ActionStarted: lambda event: f"action {event.index + 1} was granted",
    of.ActionFinished: _action_finished,
    of.NodeChecked: _node_checked,
    of.RunEnded: lambda event: f"the run ended: {event.detail}",
    of.Silenced: lambda event: event.detail,
    of.SilenceLifted: lambda event: event.detail,
    of.LeaderSeen: _leader_seen,
    of.LeaderVerified: _leader_verified,
    of.RecoverySeen: lambda event: event.sign or "not well any more",
    of.RecoveryVerified: lambda event: f"verified: {event.sentence}, stable for {event.stable_s:.0f} s",
    of.Noted: lambda event: event.sentence,
    of.Acknowledged: lambda event: f"{event.by.name} has it",
    of.Assigned: lambda event: f"{event.by.name} gave it to {event.to.name}",
    of.Snoozed: lambda event: f"{event.by.name} snoozed it until {event.until:%H:%M} UTC",
    of.NoteAdded: lambda event: f"{event.by.name} noted: {event.text}",
    of.Reopened: lambda event: f"{event.by.name} opened it again",
    of.Closed: lambda event: event.detail,
}
