"""The types of a command's answers; Slack and the terminal decide how they look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.ports import Ports
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis


@dataclass(frozen=True)
class Asked:
    """A command as it was asked: by whom, with what behind it, and in which incident's thread, if in one."""

    by: Person
    arguments: str = ""
    in_thread_of: str | None = None


@dataclass(frozen=True)
class ElectionStatus:
    """A cluster as it was read just now, and what the runbook makes of it; `in_full` shows every finding."""

    evidence: Evidence
    diagnosis: Diagnosis
    in_full: bool = False


@dataclass(frozen=True)
class Watch:
    """The status again and again: every so many seconds, so often."""

    cluster: str
    every_s: float
    times: int


@dataclass(frozen=True)
class History:
    """A cluster's incidents, newest first, since a time."""

    cluster: str
    since: datetime
    incidents: tuple[Incident, ...]


@dataclass(frozen=True)
class IncidentList:
    """The open incidents, oldest first, and why others are left alone."""

    incidents: tuple[Incident, ...]
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class IncidentShown:
    """One incident."""

    incident: Incident


@dataclass(frozen=True)
class PostmortemAnswer:
    """A postmortem draft, as Markdown."""

    incident: Incident
    markdown: str


@dataclass(frozen=True)
class Runbooks:
    """The runbooks there are: name, title, address, the alerts it answers to."""

    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Said:
    """Something was done, in one sentence."""

    sentence: str


@dataclass(frozen=True)
class Help:
    """The commands there are for whoever asked."""

    commands: tuple[Command, ...]
    clusters: tuple[str, ...]


Answer = (
    ElectionStatus
    | Watch
    | History
    | IncidentList
    | IncidentShown
    | PostmortemAnswer
    | Runbooks
    | Said
    | Help
)
Audience = Literal["anyone", "colleague", "confirmer"]


@dataclass(frozen=True)
class Command:
    """One subcommand: its words, its arguments in words, what it does, who may, and the doing."""

    words: str
    arguments: str
    summary: str
    audience: Audience
    run: Callable[[Ports, Asked], Awaitable[Answer]]
