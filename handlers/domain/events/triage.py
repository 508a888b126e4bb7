"""Events of what people do with an incident besides fixing it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import Person, TimelineEvent
from runbooks.hand_off import HandOff

MAX_NOTE_CHARS = 2_000
"""A note is a few sentences; anything longer belongs in a file."""


class Acknowledged(TimelineEvent):
    """Someone took the incident and has it until it is assigned to somebody else."""

    kind: Literal["acknowledged"] = "acknowledged"
    by: Person


class Assigned(TimelineEvent):
    """Someone assigned the incident to a person."""

    kind: Literal["assigned"] = "assigned"
    by: Person
    to: Person


class Snoozed(TimelineEvent):
    """Someone put the incident off: no reminders until `until`, unless something changes."""

    kind: Literal["snoozed"] = "snoozed"
    by: Person
    until: AwareDatetime


class ReadingAsked(TimelineEvent):
    """Someone asked for the cluster to be read anew, before the bot would by itself."""

    kind: Literal["reading_asked"] = "reading_asked"
    by: Person


class HandOffDrawnUp(TimelineEvent):
    """What people need who must go on without a majority; `by` is who asked for it, `None` for the bot."""

    kind: Literal["hand_off_drawn_up"] = "hand_off_drawn_up"
    by: Person | None = None
    hand_off: HandOff


class HandOffTicked(TimelineEvent):
    """Someone did one point of the hand-off's checklist."""

    kind: Literal["hand_off_ticked"] = "hand_off_ticked"
    by: Person
    step: str


class NoteAdded(TimelineEvent):
    """Someone added a note. `link` leads to the message that it was taken from."""

    kind: Literal["note_added"] = "note_added"
    by: Person
    text: Annotated[str, Field(max_length=MAX_NOTE_CHARS)]
    link: str = ""
