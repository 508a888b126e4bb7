"""Fold what people do with an incident, beside acting on nodes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers.domain.events.triage import (
    Acknowledged,
    Assigned,
    HandOffDrawnUp,
    HandOffTicked,
    NoteAdded,
    ReadingAsked,
    Snoozed,
)
from handlers.domain.incident import Incident


def _acknowledged(incident: Incident, event: Acknowledged) -> Incident:
    return replace(incident, triage=replace(incident.triage, acknowledged=event, assigned_to=None))


def _assigned(incident: Incident, event: Assigned) -> Incident:
    return replace(incident, triage=replace(incident.triage, assigned_to=event.to))


def _snoozed(incident: Incident, event: Snoozed) -> Incident:
    return replace(incident, triage=replace(incident.triage, snoozed_until=event.until))


def _note_added(incident: Incident, event: NoteAdded) -> Incident:
    return replace(incident, triage=replace(incident.triage, written=(*incident.triage.written, event)))


def _hand_off_drawn_up(incident: Incident, event: HandOffDrawnUp) -> Incident:
    # Who ticked a point has done what it said then: where it says something else now, it is to be done.
    stood = incident.hand_off.hand_off.steps if incident.hand_off else ()
    same = {step.key for step in event.hand_off.steps if step in stood}
    ticks = {key: tick for key, tick in incident.ticks.items() if key in same}
    half_ticks = {key: tick for key, tick in incident.half_ticks.items() if key in same}
    return replace(incident, hand_off=event, ticks=ticks, half_ticks=half_ticks)


def _hand_off_ticked(incident: Incident, event: HandOffTicked) -> Incident:
    steps = incident.hand_off.hand_off.steps if incident.hand_off else ()
    people = next((step.people for step in steps if step.key == event.step), 1)
    first = incident.half_ticks.get(event.step)
    if people > 1 and (first is None or first.by.id == event.by.id):
        return replace(incident, half_ticks={event.step: event, **incident.half_ticks})
    return replace(incident, ticks={event.step: event, **incident.ticks})


TRIAGE_APPLIERS: dict[type, Callable[[Incident, Any], Incident]] = {
    Acknowledged: _acknowledged,
    Assigned: _assigned,
    Snoozed: _snoozed,
    NoteAdded: _note_added,
    ReadingAsked: lambda incident, event: replace(incident, reading_asked=event),
    HandOffDrawnUp: _hand_off_drawn_up,
    HandOffTicked: _hand_off_ticked,
}
"""By type of event what it makes of an incident."""
