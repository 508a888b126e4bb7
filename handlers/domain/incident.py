"""An incident's present state, computed from its timeline. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from handlers.domain.alerts import CANARY, UNCONFIGURED, Alert, IncidentIdentity
from handlers.domain.escalation.state import Escalation
from handlers.domain.events.base import Person
from handlers.domain.events.diagnosis import Offer, Unconfirmed
from handlers.domain.events.lifecycle import Closed, EarlierIncidents, Remarked
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified, RecoverySeen, RecoveryVerified
from handlers.domain.events.remediation import (
    PlanConfirmed,
    PlanProposed,
    Silenced,
)
from handlers.domain.events.triage import Acknowledged, HandOffDrawnUp, HandOffTicked, NoteAdded, ReadingAsked
from handlers.domain.regrouping.state import Regrouping
from handlers.domain.run import Run
from handlers.domain.unconfirmed import Judged
from handlers.domain.wide_outage.state import WideOutage
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis

CLUSTER_GONE = "cluster-gone"
"""Key of the note that the incident's cluster is in the bot's configuration no more."""


ALSO_OPEN = "also-open-"
"""Before an incident's id in the key of the remark that it is open on the same cluster."""


class Stage(StrEnum):
    """The stage an incident has reached."""

    OPENED = "opened"
    DIAGNOSED = "diagnosed"
    RUNNING = "running"
    WATCHING = "watching"
    RECOVERED = "recovered"
    CLOSED = "closed"


@dataclass(frozen=True)
class Triage:
    """Who has an incident, until when it is snoozed, and the notes that people added."""

    acknowledged: Acknowledged | None = None
    assigned_to: Person | None = None
    snoozed_until: datetime | None = None
    written: tuple[NoteAdded, ...] = ()

    @property
    def holder(self) -> Person | None:
        """Return the person who has the incident."""
        return self.assigned_to or (self.acknowledged.by if self.acknowledged else None)


@dataclass(frozen=True)
class Recovering:
    """The sign of recovery when it was first seen: `sign` must stay the same, `progress` must grow."""

    at: datetime
    sign: str
    progress: int | None


@dataclass(frozen=True)
class Incident:
    """The present state. `position` is the number of folded events; the next append compares it.

    `mac` is the store's MAC of the last folded event, from which the next one follows. `went_back` says that
    this process has known a longer timeline: Redis was put back, and a run under way is not gone on with.
    `last_sure` is what new findings are held against: the newest complete ones that lost sight of nothing;
    `unconfirmed` is what the newest of all lost sight of. `reading_asked` is by whom a reading was asked for
    that has not begun.
    `leader_changes` counts those recorded since the newest run began.
    `lost_since` is since when, without a break, the readings show no majority that could come back; `ticks`
    are the points of the hand-off that are done, by the step's word.
    `handle` is the random one that the headline's buttons carry; `diagnosed_at` is when findings first came.
    `alerts` holds the newest state of each alert by its fingerprint, `firings` that of each of its firings.
    """

    id: str
    position: int = 0
    cluster: str = ""
    runbook: str = ""
    handle: str = ""
    opened_at: datetime | None = None
    diagnosed_at: datetime | None = None
    triage: Triage = Triage()
    escalation: Escalation = field(default_factory=Escalation)
    alerts: dict[str, Alert] = field(default_factory=dict)
    firings: dict[tuple[str, datetime], Alert] = field(default_factory=dict)
    remarks: dict[str, Remarked] = field(default_factory=dict)
    earlier: EarlierIncidents | None = None
    evidence: Evidence | None = None
    evidence_at: datetime | None = None
    reading_asked: ReadingAsked | None = None
    diagnosis: Diagnosis | None = None
    last_sure: Judged | None = None
    unconfirmed: Unconfirmed | None = None
    offers: tuple[Offer, ...] = ()
    proposals: dict[str, PlanProposed] = field(default_factory=dict)
    awaiting_second: PlanConfirmed | None = None
    runs: tuple[Run, ...] = ()
    silence: Silenced | None = None
    leader_seen: LeaderSeen | None = None
    leader_changes: int = 0
    recovery_seen: RecoverySeen | None = None
    verified: LeaderVerified | RecoveryVerified | None = None
    lost_since: datetime | None = None
    hand_off: HandOffDrawnUp | None = None
    ticks: dict[str, HandOffTicked] = field(default_factory=dict)
    half_ticks: dict[str, HandOffTicked] = field(default_factory=dict)
    regrouping: Regrouping = field(default_factory=Regrouping)
    wide_outage: WideOutage = field(default_factory=WideOutage)
    closed: Closed | None = None
    closings: int = 0
    mac: str = field(default="", compare=False)
    went_back: bool = field(default=False, compare=False)

    @property
    def identity(self) -> IncidentIdentity:
        """Return the identity whose alerts belong here while the incident is open."""
        return IncidentIdentity(self.cluster, self.runbook)

    @property
    def identities(self) -> tuple[IncidentIdentity, ...]:
        """Return its own identity, and those of the incidents that were merged into it."""
        merged = (runbook for taken in self.regrouping.taken for runbook in taken.runbooks)
        return tuple(IncidentIdentity(self.cluster, each) for each in dict.fromkeys((self.runbook, *merged)))

    @property
    def has_siblings(self) -> bool:
        """Return whether the thread names other incidents of the cluster."""
        return any(key.startswith(ALSO_OPEN) for key in self.remarks)

    @property
    def is_readable(self) -> bool:
        """Return whether there is a cluster to look at for it: not for the doctor's test alert, say."""
        return self.runbook != UNCONFIGURED and any(a.name != CANARY for a in self.alerts.values())

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Return the alerts that Alertmanager still holds firing."""
        return tuple(alert for alert in self.alerts.values() if alert.status == "firing")

    @property
    def severity(self) -> str:
        """Return the gravest severity its alerts carry; a word of the house's own where none is usual."""
        carried = {alert.labels.get("severity", "") for alert in self.firing or self.alerts.values()}
        usual = (each for each in ("critical", "warning", "info") if each in carried)
        return next(usual, min(carried - {""}, default=""))

    @property
    def kept_open_by(self) -> tuple[Alert, ...]:
        """Return the alerts that people must see end before they may close it.

        What stands in for an unreadable alert may never end by itself, nor need what fires on a cluster that
        the bot does not know, or does not know any more.
        """
        if self.runbook == UNCONFIGURED or CLUSTER_GONE in self.remarks:
            return ()
        return tuple(alert for alert in self.firing if not alert.stand_in)

    @property
    def run(self) -> Run | None:
        """Return the newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def running(self) -> Run | None:
        """Return the run that is under way."""
        return self.run if self.run and not self.run.ended else None

    @property
    def recovering(self) -> Recovering | None:
        """Return the recovery that is lasting; `None` where there is none, or it was lost again."""
        led, other = self.leader_seen, self.recovery_seen
        if led and led.leadership.leader:
            lead = led.leadership
            return Recovering(led.at, f"{lead.leader} leads term {lead.term}", lead.commit_index)
        return Recovering(other.at, other.sign, other.progress) if other and other.sign else None

    @property
    def recovery_changed_at(self) -> datetime | None:
        """Return when what the runbook waits for was last seen to come, change or go."""
        last = self.leader_seen or self.recovery_seen
        return last.at if last else None

    @property
    def stage(self) -> Stage:
        """Return the stage the incident has reached."""
        if self.closed:
            return Stage.CLOSED
        if self.verified:
            return Stage.RECOVERED
        if self.running:
            return Stage.RUNNING
        if self.run:
            return Stage.WATCHING
        return Stage.DIAGNOSED if self.diagnosis else Stage.OPENED
