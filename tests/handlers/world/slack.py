"""Whom Slack knows, and where the threads are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from handlers.domain.events.base import Person
from handlers.domain.policy import Member
from handlers.errors import (
    NotAllowed,
)
from handlers.ports import (
    Place,
    Purpose,
)

ON_CALL = "S0ONCALL01"
HOME = "T0NEUMANN1"


@dataclass
class Directory:
    """Who is who; `answers` false is Slack being away."""

    members: dict[str, Member] = field(default_factory=dict)
    answers: bool = True
    gone: frozenset[str] = frozenset()

    async def name(self, user_id: str) -> str:
        return user_id

    async def member(
        self, person: Person, groups: Iterable[str] = (), purpose: Purpose = Purpose.DECISION
    ) -> Member:
        if not self.answers:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.")
        outsider = Member(person.id, team=HOME, home_team=HOME, groups=frozenset())
        known, asked = self.members.get(person.id, outsider), frozenset(groups)
        return replace(known, groups=known.groups & asked, gone=self.gone & asked)


@dataclass
class Threads:
    """Every message is the incident's own, unless the test says otherwise."""

    ours: bool = True
    by_message: dict[str, str] = field(default_factory=dict)
    stands: frozenset[str] = frozenset({"headline"})

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        return self.ours

    async def place_of(self, incident_id: str) -> Place | None:
        return None

    async def link_to(self, incident_id: str, key: str = "headline") -> str:
        return f"https://neumann.slack.com/{incident_id}/{key}" if key in self.stands else ""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        return self.by_message.get(message_ts)

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        return self.ours

    async def unshown(self) -> tuple[str, ...]:
        return ()

    async def shown(self, incident_id: str) -> frozenset[str]:
        return self.stands
