"""Events that open an incident, close it and open it again, and sentences for its thread."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers.domain.alerts import Alert, Reason
from handlers.domain.events.base import Person, TimelineEvent


class AlertsReceived(TimelineEvent):
    """Alertmanager said something new. The first of these opens the incident."""

    kind: Literal["alerts_received"] = "alerts_received"
    reason: Reason
    cluster: str
    runbook: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
    handle: str = ""


class Remarked(TimelineEvent):
    """A sentence for the thread, posted once for each key."""

    kind: Literal["noted"] = "noted"
    key: str
    sentence: str


class EarlierIncidents(TimelineEvent):
    """How many incidents of the same cluster and alert are known from before, and when the last one was."""

    kind: Literal["earlier_incidents"] = "earlier_incidents"
    count: Annotated[int, Field(ge=0)]
    last: str = ""
    opened_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None


class Reopened(TimelineEvent):
    """Someone opened the incident again after it was closed."""

    kind: Literal["reopened"] = "reopened"
    by: Person


class Closed(TimelineEvent):
    """The incident is over: by itself, or because someone said so."""

    kind: Literal["closed"] = "closed"
    detail: str
    by: Person | None = None
