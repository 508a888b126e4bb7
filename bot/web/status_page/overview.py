"""What the status page says, as types; who sees it decides what is in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.read_only.clusters import ClusterState, state_of
from handlers.domain.incident import Incident, Stage
from handlers.queries import ClusterGlance, OpenAndClosed
from runbooks.all_runbooks import RUNBOOKS
from runbooks.wording import counted, listed

STAGES = {
    Stage.OPENED: "being looked into",
    Stage.DIAGNOSED: "diagnosed",
    Stage.RUNNING: "a confirmed plan is being carried out",
    Stage.WATCHING: "waiting for a stable recovery",
    Stage.RECOVERED: "recovered, waiting for the alerts to end",
    Stage.CLOSED: "closed",
}
NOT_CONFIGURED = "not configured"
MAX_CLOSED = 10
ORDER = (ClusterState.NO_LEADER, ClusterState.COULD_NOT_BE_READ, ClusterState.LED)


@dataclass(frozen=True)
class ClusterRow:
    """A cluster: its state in words, and when an incident of it last began or ended in seven days.

    `open` is `None` where the incidents could not be read. There may be more of them where `more_may_be`, and
    a change where `change_may_be`, since nobody knows whose an incident is that was not read.
    """

    name: str
    state: ClusterState
    says: str
    nodes: str
    open: int | None
    more_may_be: bool
    change_may_be: bool
    changed_at: datetime | None


@dataclass(frozen=True)
class IncidentRow:
    """An incident in the words that its viewer may see."""

    id: str
    cluster: str
    what: str
    stage: str
    at: datetime | None


@dataclass(frozen=True)
class Overview:
    """The whole page. `unread` says why incidents could not be read; their lists are empty then.

    `beside` and `closed_beside` count incidents that are not shown, `left_alone` those that cannot be read.
    """

    at: datetime
    verdict: str
    clusters: tuple[ClusterRow, ...]
    open: tuple[IncidentRow, ...]
    closed: tuple[IncidentRow, ...]
    beside: int = 0
    closed_beside: int = 0
    left_alone: int = 0
    unread: str | None = None


def overview(
    at: datetime, glances: Sequence[ClusterGlance], found: OpenAndClosed | None, *, in_full: bool
) -> Overview:
    """Return what the page says.

    Args:
        at: The time that it is of.
        glances: One for each configured cluster.
        found: The incidents; `None` where they could not be read.
        in_full: Whether nodes, people and what was found may be named; else only the clusters are.
    """
    rows = sorted((_cluster(each, found, in_full=in_full) for each in glances), key=_worst_first)
    nameable = None if in_full else frozenset(row.name for row in rows)
    return Overview(
        at=at,
        verdict=_verdict(rows, found),
        clusters=tuple(rows),
        open=_incidents(found.open, nameable) if found else (),
        closed=_incidents(found.closed[:MAX_CLOSED], nameable) if found else (),
        beside=found.beside if found else 0,
        closed_beside=found.closed_beside + len(found.closed[MAX_CLOSED:]) if found else 0,
        left_alone=len(found.left_alone) if found else 0,
        unread=None
        if found
        else "The incidents could not be read, so nobody knows here whether one is open.",
    )


def _worst_first(row: ClusterRow) -> tuple[int, bool, str]:
    return ORDER.index(row.state), not row.open, row.name


def _verdict(rows: Sequence[ClusterRow], found: OpenAndClosed | None) -> str:
    if not all(row.state is ClusterState.LED for row in rows):
        wrong = [row.name for row in rows if row.state is not ClusterState.LED]
        return f"{counted(len(wrong), 'cluster')} without a known leader: {listed(wrong)}."
    if found is None:
        return "Every cluster has a leader. The incidents could not be read."
    if found.left_alone or found.beside or found.open:
        is_open = len(found.open) + found.beside + len(found.left_alone)
        return f"Every cluster has a leader. {counted(is_open, 'incident')} not closed yet."
    return "Every cluster has a leader, and no incident is open."


def _cluster(glance: ClusterGlance, found: OpenAndClosed | None, *, in_full: bool) -> ClusterRow:
    return ClusterRow(
        name=glance.cluster,
        state=state_of(glance.leadership),
        says=_leader(glance, in_full=in_full),
        nodes=f"{glance.answering} of {glance.nodes}",
        open=sum(each.cluster == glance.cluster for each in found.open) if found else None,
        more_may_be=bool(found and (found.left_alone or found.beside)),
        change_may_be=bool(found and (found.left_alone or found.beside or found.closed_beside)),
        changed_at=_changed_at(glance.cluster, (*found.open, *found.closed)) if found else None,
    )


def _leader(glance: ClusterGlance, *, in_full: bool) -> str:
    lead = glance.leadership
    match state_of(lead):
        case ClusterState.LED if lead:
            who = f"{lead.leader} leads term {lead.term}" if in_full else "A leader"
            return f"{who}, acknowledged by {len(lead.acknowledged_by)} of {glance.nodes}"
        case ClusterState.NO_LEADER:
            return "No leader with a majority"
        case _:
            return "Could not be read: no node answers"


def _changed_at(cluster: str, incidents: Iterable[Incident]) -> datetime | None:
    times = [
        (each.closed.at if each.closed else each.opened_at) for each in incidents if each.cluster == cluster
    ]
    return max((at for at in times if at), default=None)


def _incidents(incidents: Iterable[Incident], nameable: frozenset[str] | None) -> tuple[IncidentRow, ...]:
    """Return the rows; `nameable` are the clusters that all may read of, `None` if everything may be named.

    What an alert calls its cluster is a word of its sender where no such cluster is configured.
    """
    return tuple(
        IncidentRow(
            id=each.id,
            cluster=each.cluster if nameable is None or each.cluster in nameable else NOT_CONFIGURED,
            what=_what(each, in_full=nameable is None),
            stage=STAGES[each.stage],
            at=each.closed.at if each.closed else each.opened_at,
        )
        for each in incidents
    )


def _what(incident: Incident, *, in_full: bool) -> str:
    if not in_full:
        book = RUNBOOKS.get(incident.runbook)
        return book.TITLE if book else "An alert without a runbook"
    names = listed(sorted({alert.name for alert in incident.alerts.values()}), 3)
    judged = f" {incident.diagnosis.summary}" if incident.diagnosis else ""
    return f"{names}.{judged}{_held(incident)}"


def _held(incident: Incident) -> str:
    if holder := incident.triage.holder:
        return f" {holder.name} has it."
    return "" if incident.closed else " Nobody has it yet."
