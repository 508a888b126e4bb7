"""What one incident came to: its cause, how it ended, and how long each part took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.recovery import LeaderVerified, RecoveryVerified
from handlers.domain.fold import fold
from handlers.domain.history.leaderless import Span, leaderless
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from runbooks.all_runbooks import needs_no_remedy
from runbooks.model import SURE, Finding


class Outcome(StrEnum):
    """How an incident ended, as a word for people."""

    OPEN = "open"
    MENDED = "mended by the bot"
    RECOVERED = "recovered"
    UNPROVEN = "recovery not proven"
    FALSE_ALARM = "false alarm"


@dataclass(frozen=True)
class Account:
    """What an incident came to.

    `cause` is that of the last complete reading with a sure one, before the run that mended it was confirmed
    or else before it was well again; `nodes` are those it names, `remedies` what was offered against it.
    `names_all` says that these are all of the cluster. `mended_by` is the run after which the recovery was
    verified. Each `*_after` is since the opening, `detected_after` since the alert's start; `None` where it
    has not come to that. `leaderless` is `None` where no reading looked for a leader.
    """

    id: str
    cluster: str
    runbook: str
    opened_at: datetime
    outcome: Outcome
    cause: str | None = None
    nodes: tuple[str, ...] = ()
    names_all: bool = False
    remedies: frozenset[str] = frozenset()
    mended_by: Run | None = None
    detected_after: timedelta | None = None
    acknowledged_after: timedelta | None = None
    diagnosed_after: timedelta | None = None
    mended_after: timedelta | None = None
    leaderless: tuple[Span, ...] | None = None

    @property
    def offenders(self) -> tuple[str, ...]:
        """Return the nodes that the cause names; none where it is not about some of them."""
        return () if self.names_all or self.outcome is Outcome.FALSE_ALARM else self.nodes


def account_of(incident_id: str, events: Iterable[Event]) -> Account | None:
    """Return what a timeline comes to; `None` where it has not been opened."""
    kept = tuple(events)
    incident = fold(incident_id, kept)
    if incident.opened_at is None:
        return None
    mended_by = _mended_by(incident)
    cause = _cause(kept[: mended_by.generation] if mended_by else kept)
    acknowledged, verified = incident.triage.acknowledged, incident.verified
    return Account(
        id=incident.id,
        cluster=incident.cluster,
        runbook=incident.runbook,
        opened_at=incident.opened_at,
        outcome=_outcome(incident, cause),
        cause=cause.cause if cause else None,
        nodes=cause.nodes if cause else (),
        names_all=_names_all(cause, incident),
        remedies=frozenset(each.name for each in cause.remedies if each.offered) if cause else frozenset(),
        mended_by=mended_by,
        detected_after=detected_after(incident),
        acknowledged_after=_since_opening(incident, acknowledged.at if acknowledged else None),
        diagnosed_after=_since_opening(incident, incident.diagnosed_at),
        mended_after=_since_opening(incident, verified.at if verified else None),
        leaderless=leaderless(kept),
    )


def detected_after(incident: Incident) -> timedelta | None:
    """Return how long the first alert had fired when the incident was opened."""
    began = min((alert.starts_at for alert in incident.firings.values()), default=None)
    if began is None:
        return None
    return _since(began, incident.opened_at)


def _since_opening(incident: Incident, at: datetime | None) -> timedelta | None:
    return _since(incident.opened_at, at) if incident.opened_at else None


def _since(begin: datetime, end: datetime | None) -> timedelta | None:
    return max(end - begin, timedelta()) if end else None  # a clock may have been set back


def _cause(events: Iterable[Event]) -> Finding | None:
    """Return the cause that was sure last before it was well again.

    Where nothing is wrong with the cluster is no cause, unless nothing else was ever sure.
    """
    sure = tuple(_sure_before_recovery(events))
    wrong = [finding for finding in sure if not needs_no_remedy(finding.cause)]
    return next(reversed(wrong or sure), None)


def _sure_before_recovery(events: Iterable[Event]) -> Iterator[Finding]:
    is_complete = False
    for event in events:
        match event:
            case EvidenceRead():
                is_complete = event.evidence.complete
            case FindingsRanked() if is_complete and event.diagnosis.top.verdict in SURE:
                yield event.diagnosis.top
            case LeaderVerified() | RecoveryVerified():
                return


def _names_all(cause: Finding | None, incident: Incident) -> bool:
    everyone = set(incident.evidence.names) if incident.evidence else set()
    return cause is not None and set(cause.nodes) >= everyone


def _mended_by(incident: Incident) -> Run | None:
    """Return the newest run if it was completed and the recovery verified after it: a run resets that."""
    run = incident.run
    return run if run and run.ended and run.ended.completed and incident.verified else None


def _outcome(incident: Incident, cause: Finding | None) -> Outcome:
    if not incident.closed:
        return Outcome.OPEN
    if cause and needs_no_remedy(cause.cause):
        return Outcome.FALSE_ALARM
    if incident.verified:
        return Outcome.MENDED if _mended_by(incident) else Outcome.RECOVERED
    return Outcome.UNPROVEN
