"""The types of a command's answers; Slack and the terminal decide how to show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handlers.domain.escalation.on_call import OnCall
from handlers.domain.events.base import Person
from handlers.domain.history.month import MonthReport
from handlers.domain.incident import Incident
from handlers.ports import Ports
from handlers.ports.doctor import Examined
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis
from runbooks.posture.model import Posture


@dataclass(frozen=True)
class Asked:
    """A command as it was asked: who asked, with which words, and in which incident's thread, if any."""

    by: Person
    arguments: str = ""
    in_thread_of: str | None = None


@dataclass(frozen=True)
class ElectionStatus:
    """A fresh reading of a cluster and the runbook's judgement; `in_full` shows every finding."""

    evidence: Evidence
    diagnosis: Diagnosis
    in_full: bool = False


@dataclass(frozen=True)
class Watch:
    """A request to repeat the status: how many seconds apart, and how many times."""

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
    """The open incidents, oldest first, and why others cannot be shown."""

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
    """Every runbook: its name, title, address and the alerts it handles."""

    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class PostureShown:
    """A cluster's posture."""

    posture: Posture


@dataclass(frozen=True)
class MonthShown:
    """A month of a cluster's incidents."""

    report: MonthReport


@dataclass(frozen=True)
class OnCallShown:
    """Who is on call."""

    on_call: OnCall


@dataclass(frozen=True)
class DoctorReport:
    """Everything that the doctor looked at."""

    examined: tuple[Examined, ...]


@dataclass(frozen=True)
class Said:
    """One sentence that says what was done."""

    sentence: str


@dataclass(frozen=True)
class Help:
    """The commands that this person may use."""

    commands: tuple[Command, ...]
    clusters: tuple[str, ...]


Answer = (
    ElectionStatus
    | Watch
    | History
    | IncidentList
    | IncidentShown
    | PostmortemAnswer
    | PostureShown
    | MonthShown
    | OnCallShown
    | DoctorReport
    | Runbooks
    | Said
    | Help
)
Audience = Literal["anyone", "colleague", "confirmer"]


@dataclass(frozen=True)
class Command:
    """One subcommand: its words, arguments and description, who may use it, and the function that runs it."""

    words: str
    arguments: str
    summary: str
    audience: Audience
    run: Callable[[Ports, Asked], Awaitable[Answer]]
