"""Put each event of a timeline into one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.domain import unconfirmed
from handlers.domain.escalation.model import ROUTE_NAMES
from handlers.domain.events import (
    Event,
    diagnosis,
    escalation,
    lifecycle,
    recovery,
    remediation,
    triage,
    wide_outage,
)
from handlers.domain.regrouping import words
from runbooks.wording import counted


def tell(event: Event) -> str:
    """Return one sentence that says what happened."""
    return _SENTENCES[type(event)](event)


def _alerts_received(event: lifecycle.AlertsReceived) -> str:
    names = ", ".join(sorted({f"{alert.name} {alert.status}" for alert in event.alerts}))
    return f"Alertmanager: {names} ({event.reason.value.replace('_', ' ')})"


def _evidence_read(event: diagnosis.EvidenceRead) -> str:
    return "every node was read" if event.evidence.complete else "part of the nodes was read"


def _findings_ranked(event: diagnosis.FindingsRanked) -> str:
    top = event.diagnosis.top
    lost = f". {unconfirmed.sentence(event.unconfirmed)}" if event.unconfirmed else ""
    return f"{event.diagnosis.summary} ({top.cause}: {top.verdict.value}){lost}"


def _plan_confirmed(event: remediation.PlanConfirmed) -> str:
    waits = "; a second person must approve" if event.second_needed else ""
    return f"{event.by.name} confirmed plan {event.plan_sha256[:12]}{waits}"


def _action_finished(event: remediation.ActionFinished) -> str:
    return f"action {event.index + 1} is {event.state.replace('_', ' ')}: {event.detail}"


def _node_checked(event: remediation.NodeChecked) -> str:
    return f"{event.node} was checked: {'; '.join(event.complaints) or 'as well as before'}"


def _leader_seen(event: recovery.LeaderSeen) -> str:
    lead = event.leadership
    return f"{lead.leader} leads term {lead.term}" if lead.leader else "no leader with a majority"


def _leader_verified(event: recovery.LeaderVerified) -> str:
    lead = event.leadership
    return f"leader verified: {lead.leader}, term {lead.term}, stable for {event.stable_s:.0f} s"


def _hand_off_drawn_up(event: triage.HandOffDrawnUp) -> str:
    return f"the hand-off was drawn up{f', asked for by {event.by.name}' if event.by else ''}"


def _tier_reached(event: escalation.TierReached) -> str:
    named = (f"{target.kind.value} {target.id}".strip() for target in event.targets)
    return f"tier {event.tier} was told ({event.because.value.replace('_', ' ')}): {', '.join(named)}"


def _page_tried(event: escalation.PageTried) -> str:
    if event.delivered:
        return f"{ROUTE_NAMES[event.route]} took {event.act.value}"
    return f"{ROUTE_NAMES[event.route]} did not take {event.act.value}: {event.detail}"


def _wide_outage_seen(event: wide_outage.WideOutageSeen) -> str:
    clusters, still_open = (
        len({each.cluster for each in event.members}),
        sum(each.is_open for each in event.members),
    )
    return f"an outage of {counted(clusters, 'cluster')}: {counted(still_open, 'incident')} open"


_SENTENCES: dict[type, Callable[[Any], str]] = {
    lifecycle.AlertsReceived: _alerts_received,
    diagnosis.EvidenceRead: _evidence_read,
    diagnosis.FindingsRanked: _findings_ranked,
    remediation.PlanProposed: lambda event: f"{event.by.name} was shown a plan: {event.plan.title}",
    remediation.PlanConfirmed: _plan_confirmed,
    remediation.PlanApproved: lambda event: f"{event.by.name} approved the plan",
    remediation.StopAsked: lambda event: f"{event.by.name} asked to stop before the next node",
    remediation.ActionStarted: lambda event: f"action {event.index + 1} was granted",
    remediation.ActionFinished: _action_finished,
    remediation.NodeChecked: _node_checked,
    remediation.RunEnded: lambda event: f"the run ended: {event.detail}",
    remediation.Silenced: lambda event: event.detail,
    remediation.SilenceLifted: lambda event: event.detail,
    recovery.LeaderSeen: _leader_seen,
    recovery.LeaderVerified: _leader_verified,
    recovery.RecoverySeen: lambda event: event.sign or "not well any more",
    recovery.RecoveryVerified: lambda event: f"verified: {event.sentence}, stable for {event.stable_s:.0f} s",
    lifecycle.Remarked: lambda event: event.sentence,
    lifecycle.EarlierIncidents: lambda event: f"the same alert had {counted(event.count, 'incident')} before",
    triage.Acknowledged: lambda event: f"{event.by.name} has it",
    triage.Assigned: lambda event: f"{event.by.name} gave it to {event.to.name}",
    triage.Snoozed: lambda event: f"{event.by.name} snoozed it until {event.until:%H:%M} UTC",
    triage.NoteAdded: lambda event: f"{event.by.name} noted: {event.text}",
    triage.ReadingAsked: lambda event: f"{event.by.name} asked for a new reading",
    triage.HandOffDrawnUp: _hand_off_drawn_up,
    triage.HandOffTicked: lambda event: f"{event.by.name} ticked {event.step} of the hand-off",
    escalation.TierReached: _tier_reached,
    escalation.PageTried: _page_tried,
    **words.SENTENCES,
    wide_outage.WideOutageSeen: _wide_outage_seen,
    wide_outage.WideOutageJoined: lambda event: f"it is one of the outage that {event.lead} lists",
    lifecycle.Reopened: lambda event: f"{event.by.name} opened it again",
    lifecycle.Closed: lambda event: event.detail,
}
