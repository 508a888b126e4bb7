"""Events of what people do with an incident beside mending it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import Person, TimelineEvent

MAX_NOTE_CHARS = 2_000
"""A note is a sentence or a few; what is longer belongs into a file."""


class Acknowledged(TimelineEvent):
    """Someone has it: they look after this incident until it is assigned to somebody else."""

    kind: Literal["acknowledged"] = "acknowledged"
    by: Person


class Assigned(TimelineEvent):
    """Someone gave it to someone."""

    kind: Literal["assigned"] = "assigned"
    by: Person
    to: Person


class Snoozed(TimelineEvent):
    """Someone wants to hear no more of it until then, unless something changes."""

    kind: Literal["snoozed"] = "snoozed"
    by: Person
    until: AwareDatetime


class NoteAdded(TimelineEvent):
    """Someone wrote something down. `link` leads to the message that it was taken from."""

    kind: Literal["note_added"] = "note_added"
    by: Person
    text: Annotated[str, Field(max_length=MAX_NOTE_CHARS)]
    link: str = ""
