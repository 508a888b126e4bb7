"""The typed events that an incident's timeline is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from handlers.domain.alerts import Alert, Reason
from runbooks.evidence import Evidence, Frozen
from runbooks.model import Diagnosis, Leadership, Plan, Remedy

MAX_NOTE_CHARS = 2_000
"""A note is a sentence or a few; what is longer belongs into a file."""

OutcomeState = Literal["done", "not_done", "rejected", "unknown"]


EVENTS_VERSION = 1
"""What this bot writes, and the highest it reads.

It is raised where an older bot could read an event and take it wrongly; a kind or a field that an older one
does not know it refuses anyway.
"""


class _Event(Frozen):
    at: AwareDatetime
    version: Annotated[int, Field(ge=1, le=EVENTS_VERSION)] = EVENTS_VERSION


class Person(Frozen):
    """Someone in Slack, or at a terminal: the id decides, the name is for reading."""

    id: str
    name: str
    team: str = ""


class Offer(Frozen):
    """A remedy that was offered, under the random handle that its button carries."""

    handle: str
    remedy: Remedy


class AlertsReceived(_Event):
    """Alertmanager said something new. The first of these opens the incident."""

    kind: Literal["alerts_received"] = "alerts_received"
    reason: Reason
    cluster: str
    runbook: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
    handle: str = ""


class EvidenceRead(_Event):
    """The cluster was read."""

    kind: Literal["evidence_read"] = "evidence_read"
    evidence: Evidence


class FindingsRanked(_Event):
    """The runbook judged the evidence that stands before it in the timeline."""

    kind: Literal["findings_ranked"] = "findings_ranked"
    diagnosis: Diagnosis
    offers: tuple[Offer, ...] = ()


class PlanProposed(_Event):
    """Someone asked for a remedy and was shown this plan, in this life of the store."""

    kind: Literal["plan_proposed"] = "plan_proposed"
    handle: str
    offer: str
    plan: Plan
    by: Person
    life: str = ""


class PlanConfirmed(_Event):
    """Someone permitted confirmed exactly this plan; the run begins, unless a second approval is asked for.

    `fence` is the run's place in the cluster's order of runs, 0 while a second person is awaited.
    """

    kind: Literal["plan_confirmed"] = "plan_confirmed"
    handle: str
    plan_sha256: str
    by: Person
    fence: int = 0
    second_needed: bool = False
    silence_minutes: int = 0


class PlanApproved(_Event):
    """A second person approved the confirmed plan; the run begins."""

    kind: Literal["plan_approved"] = "plan_approved"
    handle: str
    by: Person
    fence: int


class StopAsked(_Event):
    """Someone asked the run to stop before its next node."""

    kind: Literal["stop_asked"] = "stop_asked"
    by: Person


class ActionStarted(_Event):
    """An action was about to be granted; from here on it may have had its effect."""

    kind: Literal["action_started"] = "action_started"
    index: int
    action_id: str


class ActionFinished(_Event):
    """The outcome of an action by the node's ledger, with the file's hash where it says one."""

    kind: Literal["action_finished"] = "action_finished"
    index: int
    state: OutcomeState
    detail: str
    config_sha256: str | None = None


class NodeChecked(_Event):
    """A node was acted on, and all were looked at; `complaints` is what is worse or wrong."""

    kind: Literal["node_checked"] = "node_checked"
    node: str
    complaints: tuple[str, ...]
    leader: str | None
    waited_s: float


class RunEnded(_Event):
    """The run is over: all actions done, or stopped; what was changed by then may be put back."""

    kind: Literal["run_ended"] = "run_ended"
    completed: bool
    detail: str
    undo: Offer | None = None


class Silenced(_Event):
    """Alertmanager keeps this incident's alerts silent until a time, or could not be told to."""

    kind: Literal["silenced"] = "silenced"
    silence_id: str | None
    ends_at: AwareDatetime
    detail: str


class SilenceLifted(_Event):
    """The silence was ended before its time, or could not be."""

    kind: Literal["silence_lifted"] = "silence_lifted"
    detail: str


class Noted(_Event):
    """Something worth a sentence in the thread, once under its key."""

    kind: Literal["noted"] = "noted"
    key: str
    sentence: str


class LeaderSeen(_Event):
    """Leadership, as a look at the nodes showed it, changed to this."""

    kind: Literal["leader_seen"] = "leader_seen"
    leadership: Leadership


class RecoverySeen(_Event):
    """What a runbook waits for came, changed or went (`sign` is empty then); leadership has its own event."""

    kind: Literal["recovery_seen"] = "recovery_seen"
    sign: str
    progress: int | None = None


class RecoveryVerified(_Event):
    """What a runbook waits for has lasted long enough; leadership has its own event."""

    kind: Literal["recovery_verified"] = "recovery_verified"
    sentence: str
    stable_s: float


class LeaderVerified(_Event):
    """One leader held the highest term, acknowledged by a majority, for as long as was asked."""

    kind: Literal["leader_verified"] = "leader_verified"
    leadership: Leadership
    stable_s: float


class Acknowledged(_Event):
    """Someone has it: they look after this incident until it is assigned to somebody else."""

    kind: Literal["acknowledged"] = "acknowledged"
    by: Person


class Assigned(_Event):
    """Someone gave it to someone."""

    kind: Literal["assigned"] = "assigned"
    by: Person
    to: Person


class Snoozed(_Event):
    """Someone wants to hear no more of it until then, unless something changes."""

    kind: Literal["snoozed"] = "snoozed"
    by: Person
    until: AwareDatetime


class NoteAdded(_Event):
    """Someone wrote something down. `link` leads to the message that it was taken from."""

    kind: Literal["note_added"] = "note_added"
    by: Person
    text: Annotated[str, Field(max_length=MAX_NOTE_CHARS)]
    link: str = ""


class Reopened(_Event):
    """Someone opened it again after it was closed."""

    kind: Literal["reopened"] = "reopened"
    by: Person


class Closed(_Event):
    """The incident is over: by itself, or because someone said so."""

    kind: Literal["closed"] = "closed"
    detail: str
    by: Person | None = None


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
