"""Each event in one sentence, as the timeline tells it. Pure."""

from __future__ import annotations

from handlers.domain import events as of
from handlers.domain.events import Event


def tell(event: Event) -> str:  # noqa: PLR0911, PLR0912  one sentence an event
    """What happened, in one sentence."""
    match event:
        case of.AlertsReceived():
            names = ", ".join(sorted({f"{alert.name} {alert.status}" for alert in event.alerts}))
            return f"Alertmanager: {names} ({event.reason.value.replace('_', ' ')})"
        case of.EvidenceRead():
            return "every node was read" if event.evidence.complete else "part of the nodes was read"
        case of.FindingsRanked():
            top = event.diagnosis.top
            return f"{event.diagnosis.summary} ({top.cause}: {top.verdict.value})"
        case of.PlanProposed():
            return f"{event.by.name} was shown a plan: {event.plan.title}"
        case of.PlanConfirmed():
            waits = "; a second person must approve" if event.second_needed else ""
            return f"{event.by.name} confirmed plan {event.plan_sha256[:12]}{waits}"
        case of.PlanApproved():
            return f"{event.by.name} approved the plan"
        case of.StopAsked():
            return f"{event.by.name} asked to stop before the next node"
        case of.ActionStarted():
            return f"action {event.index + 1} was granted"
        case of.ActionFinished():
            return f"action {event.index + 1} is {event.state.replace('_', ' ')}: {event.detail}"
        case of.NodeChecked():
            found = "; ".join(event.complaints) or "as well as before"
            return f"{event.node} was checked: {found}"
        case of.RunEnded():
            return f"the run ended: {event.detail}"
        case of.Silenced() | of.SilenceLifted():
            return event.detail
        case of.LeaderSeen():
            lead = event.leadership
            return f"{lead.leader} leads term {lead.term}" if lead.leader else "no leader with a majority"
        case of.LeaderVerified():
            lead = event.leadership
            return f"leader verified: {lead.leader}, term {lead.term}, stable for {event.stable_s:.0f} s"
        case of.RecoverySeen():
            return event.sign or "not well any more"
        case of.RecoveryVerified():
            return f"verified: {event.sentence}, stable for {event.stable_s:.0f} s"
        case of.Noted():
            return event.sentence
        case of.Acknowledged():
            return f"{event.by.name} has it"
        case of.Assigned():
            return f"{event.by.name} gave it to {event.to.name}"
        case of.Snoozed():
            return f"{event.by.name} snoozed it until {event.until:%H:%M} UTC"
        case of.NoteAdded():
            return f"{event.by.name} noted: {event.text}"
        case of.Reopened():
            return f"{event.by.name} opened it again"
        case of.Closed():
            return event.detail
