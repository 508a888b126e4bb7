"""`/neumann incident …` and `/neumann silence`: what people do with incidents."""

from __future__ import annotations

from datetime import timedelta

from handlers import hand_off, load_incidents, triage
from handlers.alerting import regroup
from handlers.authorization import check_colleague, check_may_silence
from handlers.commands.answers import Asked, IncidentList, IncidentShown, PostmortemAnswer, Said
from handlers.commands.arguments import INCIDENT, person_of, resolve_incident, span_of
from handlers.domain.postmortem import draft as postmortem
from handlers.errors import Refused
from handlers.ports import Ports

SNOOZE = timedelta(minutes=30)
SILENCE = timedelta(minutes=30)
MAX_SILENCE = timedelta(hours=8)


async def list_open(ports: Ports, _: Asked) -> IncidentList:
    """List the open incidents."""
    found, left = await load_incidents.load(ports, await ports.timelines.open_incidents())
    return IncidentList(tuple(found), tuple(map(str, left)))


async def show(ports: Ports, asked: Asked) -> IncidentShown:
    """Show one incident as it stands, to a colleague."""
    await check_colleague(ports, asked.by)
    incident_id, _ = await resolve_incident(ports, asked)
    incident = await ports.timelines.load(incident_id)
    if incident.opened_at is None:
        raise Refused(f"There is no incident {incident_id}.")
    return IncidentShown(incident)


async def acknowledge(ports: Ports, asked: Asked) -> Said:
    """Acknowledge an incident."""
    incident_id, _ = await resolve_incident(ports, asked)
    await triage.acknowledge(ports, incident_id, asked.by)
    return Said(f"You have {incident_id}.")


async def assign(ports: Ports, asked: Asked) -> Said:
    """Give it to someone."""
    incident_id, words = await resolve_incident(ports, asked)
    to = person_of(words, asked.by)
    await triage.assign(ports, incident_id, asked.by, to)
    return Said(f"{to.name} has {incident_id}.")


async def snooze(ports: Ports, asked: Asked) -> Said:
    """Put it off."""
    incident_id, words = await resolve_incident(ports, asked)
    snoozed = await triage.snooze(ports, incident_id, asked.by, span_of(words, SNOOZE))
    return Said(f"{incident_id} is snoozed until {snoozed.triage.snoozed_until:%H:%M} UTC.")


async def note(ports: Ports, asked: Asked) -> Said:
    """Write something down."""
    incident_id, words = await resolve_incident(ports, asked)
    await triage.add_note(ports, incident_id, asked.by, words)
    return Said(f"Noted in {incident_id}.")


async def draw_up_hand_off(ports: Ports, asked: Asked) -> Said:
    """Draw up what people need who must go on without a majority."""
    incident_id, _ = await resolve_incident(ports, asked)
    await hand_off.draw_up(ports, incident_id, asked.by)
    return Said(f"The hand-off of {incident_id} is in its thread.")


async def tick(ports: Ports, asked: Asked) -> Said:
    """Record that a point of the hand-off is done."""
    incident_id, number = await resolve_incident(ports, asked)
    incident = await hand_off.tick(ports, incident_id, asked.by, number)
    step = incident.hand_off.hand_off.steps[int(number) - 1].key if incident.hand_off else ""
    waits = "" if step in incident.ticks else " by you; it takes a second person, who ticks it too"
    return Said(f"Point {number} of {incident_id} is ticked{waits}.")


async def resolve(ports: Ports, asked: Asked) -> Said:
    """Close an incident."""
    incident_id, _ = await resolve_incident(ports, asked)
    await triage.resolve(ports, incident_id, asked.by)
    return Said(f"{incident_id} is resolved.")


async def reopen(ports: Ports, asked: Asked) -> Said:
    """Take it up again."""
    incident_id, _ = await resolve_incident(ports, asked)
    await triage.reopen(ports, incident_id, asked.by)
    return Said(f"{incident_id} is open again.")


async def merge(ports: Ports, asked: Asked) -> Said:
    """Merge an incident into another of the same cluster."""
    incident_id, words = await resolve_incident(ports, asked)
    into, _, other = words.partition(" ")
    if into != "into" or not INCIDENT.match(other):
        raise Refused("Into which incident? Write `/neumann incident merge inc-1 into inc-2`.")
    into_id, _ = await resolve_incident(ports, Asked(asked.by, other))
    _, done_by = await regroup.merge(ports, incident_id, into_id, asked.by)
    if done_by:
        return Said(f"{incident_id} was merged into {done_by} already.")
    return Said(f"{incident_id} is being merged into {into_id}; its thread says when that is done.")


async def split(ports: Ports, asked: Asked) -> Said:
    """Split alerts off an incident."""
    incident_id, words = await resolve_incident(ports, asked)
    _, done_by = await regroup.split(ports, incident_id, words, asked.by)
    if done_by:
        return Said(f"{words} was split off already: it is {done_by} now.")
    return Said(f"{words} is being split off {incident_id}; its thread says which incident it is then.")


async def write_report(ports: Ports, asked: Asked) -> PostmortemAnswer:
    """Write a postmortem draft, for a colleague."""
    await check_colleague(ports, asked.by)
    incident_id, _ = await resolve_incident(ports, asked)
    events = await ports.timelines.timeline(incident_id)
    if not events:
        raise Refused(f"There is no incident {incident_id}.")
    return PostmortemAnswer(await ports.timelines.load(incident_id), postmortem.markdown(incident_id, events))


async def silence(ports: Ports, asked: Asked) -> Said:
    """Silence an incident's firing alerts in Alertmanager.

    Raises:
        Refused: If the person may not, the span is too long, or nothing fires.
        SilenceFailed: If Alertmanager does not take the silence.
    """
    incident_id, words = await resolve_incident(ports, asked)
    incident = (await show(ports, Asked(asked.by, incident_id))).incident
    span = span_of(words, SILENCE)
    await check_may_silence(ports, incident, asked.by)
    if ports.silences is None:
        raise Refused("No Alertmanager is configured ([alertmanager]), so nothing can be silenced.")
    if not timedelta() < span <= MAX_SILENCE:
        raise Refused("Alerts can be silenced for up to 8 hours.")
    if not incident.firing:
        raise Refused(f"No alert of {incident_id} fires.")
    ends_at = ports.time.now() + span
    comment = f"neumann-bot {incident_id}: asked for by {asked.by.name}"
    name = await ports.silences.silence(incident.firing, ends_at, asked.by.name, comment)
    await triage.add_note(
        ports, incident_id, asked.by, f"silenced its alerts until {ends_at:%H:%M} UTC ({name})"
    )
    return Said(f"The alerts of {incident_id} are silent until {ends_at:%H:%M} UTC.")
