"""The typed events that an incident's timeline is made of, as one union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

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

Event = Annotated[
    AlertsReceived
    | EvidenceRead
    | FindingsRanked
    | PlanProposed
    | PlanConfirmed
    | PlanApproved
    | StopAsked
    | ActionStarted
    | ActionFinished
    | NodeChecked
    | RunEnded
    | Silenced
    | SilenceLifted
    | Noted
    | Acknowledged
    | Assigned
    | Snoozed
    | NoteAdded
    | Reopened
    | LeaderSeen
    | LeaderVerified
    | RecoverySeen
    | RecoveryVerified
    | Closed,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
