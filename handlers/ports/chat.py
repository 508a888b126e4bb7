"""The chat workspace: who people are, and which messages were posted for incidents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.domain.events.base import Person
from handlers.domain.policy import Member


class Purpose(StrEnum):
    """What the facts about a person are for: how fresh they must be, and how long Slack may take.

    `GLANCE` decides nothing that is not asked again: an answer of some seconds ago will do. `DECISION` is
    asked now. `RUN` is asked now, and waits where Slack asks to wait: nobody stands before it.
    """

    GLANCE = "glance"
    DECISION = "decision"
    RUN = "run"


class Directory(Protocol):
    """People and their groups, as Slack knows them at this moment."""

    async def name(self, user_id: str) -> str:
        """Return a user's display name, or the id if Slack does not answer."""

    async def member(
        self, person: Person, groups: Iterable[str] = (), purpose: Purpose = Purpose.DECISION
    ) -> Member:
        """Return the live facts about a person.

        Args:
            person: Who.
            groups: The user groups that matter; nothing is said about any other.
            purpose: What it is for.

        Raises:
            NotAllowed: If Slack does not answer, or this person has had too much looked up lately.
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

    async def link_to(self, incident_id: str, key: str = "headline") -> str:
        """Return the address of one of the incident's messages, or nothing where it is not known."""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """Return the id of the incident whose thread a message begins or belongs to."""

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Return whether this app posted the incident's messages in this workspace."""

    async def unshown(self) -> tuple[str, ...]:
        """Return a sentence for each thing that the workspace refuses to show, with its mend."""

    async def shown(self, incident_id: str) -> frozenset[str]:
        """Return the keys of the incident's messages that stand in the workspace, as they are or were."""
