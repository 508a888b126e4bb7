"""Triage: acknowledge, assign, snooze, note, resolve and reopen incidents, and have them read again.

Each raises `Refused` with the sentence that the person gets.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from handlers.authorization import check_colleague
from handlers.decide_again import decide_again_if_moved
from handlers.domain import policy
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Closed, Reopened
from handlers.domain.events.triage import (
    MAX_NOTE_CHARS,
    Acknowledged,
    Assigned,
    NoteAdded,
    ReadingAsked,
    Snoozed,
)
from handlers.domain.incident import Incident
from handlers.domain.steps import asked_reading
from handlers.errors import NotAllowed, Refused
from handlers.load_incidents import load_known
from handlers.ports import Ports

MAX_SNOOZE = timedelta(hours=24)


async def acknowledge(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Acknowledge an incident and return its new state."""
    return await _add(ports, incident_id, by, lambda _: Acknowledged(at=ports.time.now(), by=by))


async def assign(ports: Ports, incident_id: str, by: Person, to: Person) -> Incident:
    """Assign an incident to an ordinary member of this workspace."""
    ruling = policy.is_colleague(await ports.directory.member(to))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(f"{to.name} cannot have it. {ruling.value}")
    return await _add(ports, incident_id, by, lambda _: Assigned(at=ports.time.now(), by=by, to=to))


async def snooze(ports: Ports, incident_id: str, by: Person, span: timedelta) -> Incident:
    """Snooze an incident for up to 24 hours."""
    if not timedelta() < span <= MAX_SNOOZE:
        raise Refused("An incident can be snoozed for up to 24 hours.")
    until = ports.time.now() + span
    return await _add(ports, incident_id, by, lambda _: Snoozed(at=ports.time.now(), by=by, until=until))


async def add_note(ports: Ports, incident_id: str, by: Person, text: str, link: str = "") -> Incident:
    """Add a note to the timeline, of a closed incident too; a message (`link`) is added once."""
    words = text.strip()
    if not words:
        raise Refused("There is nothing to note: write the note behind the incident's id.")
    kept = words if len(words) <= MAX_NOTE_CHARS else words[: MAX_NOTE_CHARS - 1] + "…"

    def note_unless_known(incident: Incident) -> Event | None:
        if link and any(each.link == link for each in incident.triage.written):
            return None  # the same message was pinned twice
        return NoteAdded(at=ports.time.now(), by=by, text=kept, link=link)

    return await _add(ports, incident_id, by, note_unless_known, closed_too=True)


async def read_again(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Have the bot read an incident's cluster now; one reading at a time, whoever asks."""

    def asking(incident: Incident) -> Event:
        if why := asked_reading.why_not(incident, ports.time.now()):
            raise Refused(why)
        return ReadingAsked(at=ports.time.now(), by=by)

    return await _add(ports, incident_id, by, asking)


async def resolve(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Close an incident by hand, once none of its alerts fires and no plan runs.

    Nobody need wait for the end of an alert that could not be read, or whose cluster is not configured.
    """

    def ending(incident: Incident) -> Event:
        if incident.kept_open_by and incident.cluster in ports.reader.clusters:
            names = ", ".join(sorted({alert.name for alert in incident.kept_open_by}))
            raise Refused(f"{names} still fires; snooze the incident, or silence the alert, instead.")
        if incident.running:
            raise Refused("A plan is running; stop it first.")
        if incident.regrouping.request:
            raise Refused(f"{incident.id} is being merged or split; its thread says when that is done.")
        return Closed(at=ports.time.now(), detail=f"Resolved by {by.name}.", by=by)

    closed = await _add(ports, incident_id, by, ending)
    await ports.timelines.release(closed.identity, closed.id)
    return closed


@decide_again_if_moved
async def reopen(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Reopen a closed incident, unless another has its alerts, or is open for its cluster and runbook."""
    incident = await load_known(ports, incident_id)
    await check_colleague(ports, by)
    if incident.closed is None:
        raise Refused(f"{incident.id} is open already.")
    if into := incident.regrouping.merged_into:
        raise Refused(f"{incident.id} was merged into {into}, which has its alerts: go on there.")
    holder = await ports.timelines.reclaim(incident.identity, incident.id)
    if holder != incident.id:
        raise Refused(f"{holder} is open for {incident.cluster} already; add a note there.")
    return await ports.timelines.append(incident, Reopened(at=ports.time.now(), by=by))


@decide_again_if_moved
async def _add(
    ports: Ports,
    incident_id: str,
    by: Person,
    event_on: Callable[[Incident], Event | None],
    *,
    closed_too: bool = False,
) -> Incident:
    incident = await load_known(ports, incident_id)
    await check_colleague(ports, by)
    if incident.closed and not closed_too:
        raise Refused(f"{incident.id} is closed; reopen it first.")
    event = event_on(incident)
    if event is None:
        return incident
    return await ports.timelines.append(incident, event)
