"""The documents of incidents: a list with a cursor, and one with its findings and its timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from bot.read_only.answer import Document
from handlers.domain.alerts import Alert
from handlers.domain.events import Event
from handlers.domain.incident import Incident, Stage
from handlers.domain.timeline_text import tell
from handlers.queries import IncidentPage, IncidentStory
from runbooks.model import Finding, Verdict


class AlertDocument(Document):
    """An alert of an incident; `ended_at` is null while it fires."""

    name: str
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    started_at: AwareDatetime
    ended_at: AwareDatetime | None

    @classmethod
    def of(cls, alert: Alert) -> AlertDocument:
        """Return an alert's document."""
        return cls(
            name=alert.name,
            status=alert.status,
            labels=alert.labels,
            started_at=alert.starts_at,
            ended_at=alert.ends_at if alert.status == "resolved" else None,
        )


class FindingDocument(Document):
    """A root cause judged: how sure, on which nodes, and what speaks for and against it."""

    cause: str
    verdict: Verdict
    nodes: tuple[str, ...]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    would_decide: str | None

    @classmethod
    def of(cls, finding: Finding) -> FindingDocument:
        """Return a finding's document; its remedies are left out, since a reader has no button."""
        return cls(**finding.model_dump(exclude={"remedies"}))


class TimelineEvent(Document):
    """One event: its place, counted from 1, the fixed word of its kind, and what happened as a sentence."""

    position: int
    at: AwareDatetime
    kind: str
    sentence: str

    @classmethod
    def of(cls, position: int, event: Event) -> TimelineEvent:
        """Return an event's document."""
        return cls(position=position, at=event.at, kind=event.kind, sentence=tell(event))


class IncidentSummary(Document):
    """An incident in the list. `summary`, `cause` and `verdict` are null until findings have come.

    `held_by` is the name of whoever has it, `verified_at` when its recovery was proven.
    """

    id: str
    cluster: str
    runbook: str
    stage: Stage
    severity: str
    alerts: tuple[str, ...]
    firing: int
    opened_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    verified_at: AwareDatetime | None
    held_by: str | None
    summary: str | None
    cause: str | None
    verdict: Verdict | None

    @classmethod
    def of(cls, incident: Incident) -> IncidentSummary:
        """Return an incident's line."""
        return cls(**_summary(incident))


def _summary(incident: Incident) -> dict[str, object]:
    judged = incident.diagnosis
    top = judged.findings[0] if judged and judged.findings else None
    return {
        "id": incident.id,
        "cluster": incident.cluster,
        "runbook": incident.runbook,
        "stage": incident.stage,
        "severity": incident.severity,
        "alerts": tuple(sorted({alert.name for alert in incident.alerts.values()})),
        "firing": len(incident.firing),
        "opened_at": incident.opened_at,
        "closed_at": _at(incident.closed),
        "verified_at": _at(incident.verified),
        "held_by": incident.triage.holder.name if incident.triage.holder else None,
        "summary": judged.summary if judged else None,
        "cause": top.cause if top else None,
        "verdict": top.verdict if top else None,
    }


def _at(event: Event | None) -> datetime | None:
    return event.at if event else None


class IncidentDocument(IncidentSummary):
    """One incident as it stands, with its alerts, its newest findings and its whole timeline."""

    read_at: AwareDatetime | None
    findings: tuple[FindingDocument, ...]
    alert_states: tuple[AlertDocument, ...]
    timeline: tuple[TimelineEvent, ...]

    @classmethod
    def of_story(cls, story: IncidentStory) -> IncidentDocument:
        """Return an incident's document."""
        incident = story.incident
        findings = incident.diagnosis.findings if incident.diagnosis else ()
        return cls(
            **_summary(incident),
            read_at=incident.evidence_at,
            findings=tuple(map(FindingDocument.of, findings)),
            alert_states=tuple(map(AlertDocument.of, incident.alerts.values())),
            timeline=tuple(
                TimelineEvent.of(place, event) for place, event in enumerate(story.events, start=1)
            ),
        )


class IncidentList(Document):
    """Incidents, newest first. `next_cursor` begins the next page; null at the end.

    `left_alone` has a sentence for each incident that the bot cannot believe or read, and so does not show.
    """

    incidents: tuple[IncidentSummary, ...]
    next_cursor: str | None
    left_alone: tuple[str, ...]

    @classmethod
    def of(cls, page: IncidentPage) -> IncidentList:
        """Return a page's document."""
        return cls(
            incidents=tuple(map(IncidentSummary.of, page.incidents)),
            next_cursor=page.next_before,
            left_alone=page.left_alone,
        )
