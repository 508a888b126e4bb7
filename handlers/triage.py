"""What people do with an incident beside mending it: have it, give it on, put it off, end it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from handlers.domain import policy
from handlers.domain.events import (
    MAX_NOTE_CHARS,
    Acknowledged,
    Assigned,
    Closed,
    Event,
    NoteAdded,
    Person,
    Reopened,
    Snoozed,
)
from handlers.domain.incident import Incident
from handlers.errors import Moved, NotAllowed, Refused
from handlers.ports import Ports

MAX_SNOOZE = timedelta(hours=24)


async def acknowledge(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Say that one has it.

    Raises:
        Refused: With the sentence that the person gets.
    """
    return await _add(ports, incident_id, by, lambda _: Acknowledged(at=ports.time.now(), by=by))


async def assign(ports: Ports, incident_id: str, by: Person, to: Person) -> Incident:
    """Give it to someone who may have it.

    Raises:
        Refused: With the sentence that the person gets.
    """
    ruling = policy.is_colleague(await ports.directory.member(to))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(f"{to.name} cannot have it. {ruling.value}")
    return await _add(ports, incident_id, by, lambda _: Assigned(at=ports.time.now(), by=by, to=to))


async def snooze(ports: Ports, incident_id: str, by: Person, span: timedelta) -> Incident:
    """Put it off for a while.

    Raises:
        Refused: With the sentence that the person gets.
    """
    if not timedelta() < span <= MAX_SNOOZE:
        raise Refused("An incident can be snoozed for up to 24 hours.")
    until = ports.time.now() + span
    return await _add(ports, incident_id, by, lambda _: Snoozed(at=ports.time.now(), by=by, until=until))


async def note(ports: Ports, incident_id: str, by: Person, text: str, link: str = "") -> Incident:
    """Write something into the timeline; a closed incident takes notes too.

    Raises:
        Refused: With the sentence that the person gets.
    """
    words = text.strip()
    if not words:
        raise Refused("There is nothing to note: write the note behind the incident's id.")
    kept = words if len(words) <= MAX_NOTE_CHARS else words[: MAX_NOTE_CHARS - 1] + "…"

    def written(incident: Incident) -> Event | None:
        if link and any(each.link == link for each in incident.care.written):
            return None  # the same message, pinned twice or told twice
        return NoteAdded(at=ports.time.now(), by=by, text=kept, link=link)

    return await _add(ports, incident_id, by, written, closed_too=True)


async def resolve(ports: Ports, incident_id: str, by: Person) -> Incident:
    """End it by hand, once nothing fires any more.

    Raises:
        Refused: With the sentence that the person gets.
    """

    def ending(incident: Incident) -> Event:
        if incident.firing:
            names = ", ".join(sorted({alert.name for alert in incident.firing}))
            raise Refused(f"{names} still fires; snooze the incident, or silence the alert, instead.")
        if incident.running:
            raise Refused("A plan is running; stop it first.")
        return Closed(at=ports.time.now(), detail=f"Resolved by {by.name}.", by=by)

    closed = await _add(ports, incident_id, by, ending)
    await ports.timelines.release(closed.identity, closed.id)
    return closed


async def reopen(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Take a closed incident up again, unless a newer one stands in its place.

    Raises:
        Refused: With the sentence that the person gets.
    """
    while True:
        incident = await _known(ports, incident_id)
        await check_colleague(ports, by)
        if incident.closed is None:
            raise Refused(f"{incident.id} is open already.")
        holder = await ports.timelines.reclaim(incident.identity, incident.id)
        if holder != incident.id:
            raise Refused(f"{holder} is open for {incident.cluster} already; add a note there.")
        try:
            return await ports.timelines.append(incident, Reopened(at=ports.time.now(), by=by))
        except Moved:
            continue


async def check_colleague(ports: Ports, by: Person) -> None:
    """Ask who someone is, live.

    Raises:
        NotAllowed: If they are no ordinary person of this workspace, or Slack does not answer.
    """
    ruling = policy.is_colleague(await ports.directory.member(by))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(ruling.value)


async def _known(ports: Ports, incident_id: str) -> Incident:
    incident = await ports.timelines.load(incident_id)
    if incident.opened_at is None:
        raise Refused(
            f"There is no incident {incident_id[:40]}; `/neumann incident list` shows those that are open."
        )
    return incident


async def _add(
    ports: Ports,
    incident_id: str,
    by: Person,
    event_on: Callable[[Incident], Event | None],
    *,
    closed_too: bool = False,
) -> Incident:
    while True:
        incident = await _known(ports, incident_id)
        await check_colleague(ports, by)
        if incident.closed and not closed_too:
            raise Refused(f"{incident.id} is closed; reopen it first.")
        event = event_on(incident)
        if event is None:
            return incident
        try:
            return await ports.timelines.append(incident, event)
        except Moved:
            continue
