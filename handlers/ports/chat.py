"""The chat workspace: who people are, and where the incidents' messages stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from handlers.domain.events import Person
from handlers.domain.policy import Member


class Directory(Protocol):
    """People and their groups, asked live."""

    async def name(self, user_id: str) -> str:
        """Return a user's display name, or the id if Slack does not answer."""

    async def member(self, person: Person) -> Member:
        """Return the live facts about a person.

        Raises:
            NotAllowed: If Slack does not answer.
        """


@dataclass(frozen=True)
class Place:
    """The app, workspace, channel and message of a clicked button, as the payload names them."""

    app: str
    team: str
    channel: str
    message_ts: str


class Threads(Protocol):
    """The messages that were posted for incidents."""

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        """Return whether a place is one of the incident's own messages."""

    async def place_of(self, incident_id: str) -> Place | None:
        """Return the place of the incident's first message."""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """Return the id of the incident whose thread a message begins or belongs to."""

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Return whether this app posted the incident's messages in this workspace."""

    async def unshown(self) -> tuple[str, ...]:
        """Return a sentence for each thing that the workspace refuses to show, with its mend."""
