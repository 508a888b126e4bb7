"""Routes past Slack on which people are paged, the on-call schedule, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.domain.escalation.model import PageAct
from handlers.domain.escalation.on_call import HandOver, Rota, Shift
from handlers.domain.incident import Incident


@dataclass(frozen=True)
class Page:
    """What a route is told. Its `key` is the same for all that is said of an incident: a repeat joins it."""

    key: str
    act: PageAct
    cluster: str
    severity: str
    summary: str
    alerts: tuple[str, ...]
    opened_at: datetime
    tier: int
    by: str = ""

    @property
    def delivery(self) -> str:
        """Return the name of this one page: the same whenever it is repeated."""
        return f"{self.key}/{self.act.value}" + (f"/{self.tier}" if self.tier else "")


class Pager(Protocol):
    """One route past Slack."""

    async def send(self, page: Page) -> None:
        """Tell it; repeating a page changes nothing there.

        Raises:
            PageNotTaken: If it refuses, is busy or does not answer.
        """


class OnCallSchedule(Protocol):
    """The schedule: a calendar file, or PagerDuty."""

    async def shift(self, now: datetime) -> Shift | None:
        """Return who is on call then; `None` where nobody is.

        Raises:
            SourceDown: If it cannot be read.
        """


class Rotas(Protocol):
    """What is kept of who is on call, shared by all replicas."""

    async def read(self) -> Rota:
        """Return it; an empty one where there is none."""

    async def remember(self, before: Rota, after: Rota) -> bool:
        """Replace it; return false, and replace nothing, where it is not as it was read."""


class HandOvers(Protocol):
    """The channel in which changes of shift are told."""

    async def handed_over(self, change: HandOver, open_now: tuple[Incident, ...]) -> None:
        """Post a change of shift with what is open, once under its key.

        Raises:
            SlackDown: If Slack did not take it.
        """
