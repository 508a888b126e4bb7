"""Answer what people and programs ask who may only read: incidents, evidence, status, posture."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Literal

from handlers import load_incidents, posture
from handlers.commands import election
from handlers.commands.answers import ElectionStatus
from handlers.domain.events import Event
from handlers.domain.incident import Incident
from handlers.errors import NothingRead, UnknownIncident
from handlers.ports import ReadPorts
from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.model import Leadership
from runbooks.posture.model import Posture

State = Literal["open", "closed", "all"]

INCIDENT_ID = r"^inc-[0-9]{1,18}(-[a-z0-9]{1,32})?$"
_NUMBER = re.compile(r"^inc-([0-9]{1,18})")

ALL_KEPT_S = 36_500 * 86_400.0
"""Longer than any closed incident is kept."""

MAX_LOOKED_THROUGH = 200
"""How many incidents are loaded for one page; where few match, it is short and has a cursor all the same."""

MAX_PAGE = 100
"""How many incidents may be asked for at once."""

MAX_RECENT = 10


@dataclass(frozen=True)
class Wanted:
    """Which incidents are asked for: those before `before` in the order of the list, at most `limit`."""

    state: State = "all"
    cluster: str | None = None
    before: str | None = None
    limit: int = 20


@dataclass(frozen=True)
class IncidentPage:
    """Incidents, newest first; `next_before` is where the next page begins, `None` at the end.

    `left_alone` says why others cannot be shown, whatever was asked for: nobody knows whether they match.
    """

    incidents: tuple[Incident, ...]
    left_alone: tuple[str, ...] = ()
    next_before: str | None = None


@dataclass(frozen=True)
class IncidentStory:
    """An incident as it stands, and the events that it stands on."""

    incident: Incident
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ClusterGlance:
    """Who leads, by one sample per node; `leadership` is `None` where no node answers."""

    cluster: str
    nodes: int
    answering: int
    leadership: Leadership | None


@dataclass(frozen=True)
class OpenAndClosed:
    """What is open, oldest first, and what was closed in the last seven days, newest first.

    `left_alone` has a sentence for each open incident that the bot does not touch; `beside` counts open ones
    that were not looked through, `closed_beside` closed ones that were not, or could not be.
    """

    open: tuple[Incident, ...]
    closed: tuple[Incident, ...]
    left_alone: tuple[str, ...] = ()
    beside: int = 0
    closed_beside: int = 0


async def incidents(ports: ReadPorts, wanted: Wanted) -> IncidentPage:
    """Return one page of the incidents that are kept, newest first."""
    ids = sorted(await _ids(ports, wanted.state), key=place, reverse=True)
    if wanted.before is not None:
        ids = [each for each in ids if place(each) < place(wanted.before)]
    found: list[Incident] = []
    left: list[str] = []
    looked_at = 0
    for incident_id in ids[:MAX_LOOKED_THROUGH]:
        looked_at += 1
        loaded, left_alone = await load_incidents.load(ports, [incident_id])
        left += map(str, left_alone)
        found += [each for each in loaded if _matches(each, wanted)]
        if len(found) == wanted.limit:
            break
    rest = ids[looked_at:]
    return IncidentPage(tuple(found), tuple(left), ids[looked_at - 1] if rest and looked_at else None)


def place(incident_id: str) -> tuple[int, str]:
    """Return what an id is sorted by: its number, and the rest where a restore gave a number out twice."""
    found = _NUMBER.match(incident_id)
    return (int(found[1]) if found else 0), incident_id


async def _ids(ports: ReadPorts, state: State) -> set[str]:
    open_now = set(await ports.timelines.open_incidents())
    if state == "open":
        return open_now
    closed = set(await ports.past.released_within(ALL_KEPT_S))
    return closed - open_now if state == "closed" else closed | open_now


def _matches(incident: Incident, wanted: Wanted) -> bool:
    return incident.opened_at is not None and wanted.cluster in (None, incident.cluster)


async def incident(ports: ReadPorts, incident_id: str) -> IncidentStory:
    """Return an incident with its timeline.

    Raises:
        UnknownIncident: If there is none of this id.
        Quarantined: If its timeline cannot be believed or read.
    """
    found = await _load(ports, incident_id)
    events = await ports.timelines.timeline(incident_id)
    return IncidentStory(found, events[: found.position])


async def evidence(ports: ReadPorts, incident_id: str) -> Evidence:
    """Return the newest reading that stands in an incident.

    Raises:
        UnknownIncident: If there is none of this id.
        NothingRead: If its cluster has not been read.
        Quarantined: If its timeline cannot be believed or read.
    """
    found = await _load(ports, incident_id)
    if found.evidence is None:
        raise NothingRead(
            f"No reading of the cluster stands in {incident_id}; ask for its live status instead."
        )
    return found.evidence


async def _load(ports: ReadPorts, incident_id: str) -> Incident:
    if re.fullmatch(INCIDENT_ID, incident_id):
        found = await ports.timelines.load(incident_id)
        if found.opened_at is not None:
            return found
    raise UnknownIncident(
        f"There is no incident {incident_id[:80]}, or it has been trimmed: the list of incidents has all"
        " there are."
    )


async def status(ports: ReadPorts, cluster: str) -> ElectionStatus:
    """Read a configured cluster live and judge it, as `/neumann election status` does."""
    return await election.read(ports, cluster)


async def posture_of(ports: ReadPorts, cluster: str) -> Posture:
    """Read a configured cluster live and say what it could lose, as `/neumann posture` does."""
    return await posture.read(ports, cluster)


async def glance(ports: ReadPorts, cluster: str) -> ClusterGlance:
    """Ask every node of a configured cluster for one sample, and say who leads."""
    seen = await ports.reader.sample_metrics(cluster)
    answering = sum(1 for sample in seen.values() if sample is not None)
    return ClusterGlance(cluster, len(seen), answering, raft.leadership(seen) if answering else None)


async def open_and_closed(ports: ReadPorts, closed_at_most: int = MAX_RECENT) -> OpenAndClosed:
    """Return what is open and what was closed lately."""
    open_ids, closed_ids = await asyncio.gather(
        ports.timelines.open_incidents(), ports.past.released_within(election.HISTORY.total_seconds())
    )
    open_now, left = await load_incidents.load(ports, open_ids[:MAX_LOOKED_THROUGH])
    closed, not_told = await load_incidents.load(ports, reversed(closed_ids[-closed_at_most:]))
    return OpenAndClosed(
        open=tuple(each for each in open_now if each.opened_at),
        closed=tuple(each for each in closed if each.closed),
        left_alone=tuple(map(str, left)),
        beside=len(open_ids[MAX_LOOKED_THROUGH:]),
        closed_beside=len(closed_ids[:-closed_at_most]) + len(not_told),
    )
