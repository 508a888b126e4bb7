"""The typed events that an incident's timeline is made of, as one union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from handlers.domain.events import (
    diagnosis,
    escalation,
    lifecycle,
    recovery,
    regrouping,
    remediation,
    triage,
    wide_outage,
)

Event = Annotated[
    lifecycle.AlertsReceived
    | diagnosis.EvidenceRead
    | diagnosis.FindingsRanked
    | remediation.PlanProposed
    | remediation.PlanConfirmed
    | remediation.PlanApproved
    | remediation.StopAsked
    | remediation.ActionStarted
    | remediation.ActionFinished
    | remediation.NodeChecked
    | remediation.RunEnded
    | remediation.Silenced
    | remediation.SilenceLifted
    | lifecycle.Remarked
    | lifecycle.EarlierIncidents
    | triage.Acknowledged
    | triage.Assigned
    | triage.Snoozed
    | triage.NoteAdded
    | triage.ReadingAsked
    | triage.HandOffDrawnUp
    | triage.HandOffTicked
    | escalation.TierReached
    | escalation.PageTried
    | regrouping.AlertsJoined
    | regrouping.MergeAsked
    | regrouping.SplitAsked
    | regrouping.AlertsTaken
    | regrouping.AlertsGiven
    | regrouping.RegroupingGivenUp
    | wide_outage.WideOutageSeen
    | wide_outage.WideOutageJoined
    | lifecycle.Reopened
    | recovery.LeaderSeen
    | recovery.LeaderVerified
    | recovery.RecoverySeen
    | recovery.RecoveryVerified
    | lifecycle.Closed,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
