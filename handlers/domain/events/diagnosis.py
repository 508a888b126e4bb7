"""Events of reading a cluster and judging what was read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import TimelineEvent
from runbooks.evidence import Evidence, Frozen
from runbooks.missing_kind import MissingKind
from runbooks.model import Diagnosis, Remedy, Verdict
from runbooks.node_readings import is_none


class Offer(Frozen):
    """A remedy that was offered, under the random handle that its button carries."""

    handle: str
    remedy: Remedy


class Unanswered(Frozen):
    """Who had answered while a finding was sure, and has not since: `agent:NODE`, or `NODE` to the bot."""

    who: str
    kind: MissingKind


class Unconfirmed(Frozen):
    """A finding that was sure, and is less sure only because readings failed since.

    `at` is when it was read; `verdict` is how sure it was then. `lost_button` says that it had a remedy which
    is not offered now.
    """

    at: AwareDatetime
    cause: str
    verdict: Verdict
    nodes: tuple[str, ...]
    unanswered: tuple[Unanswered, ...]
    lost_button: bool


class EvidenceRead(TimelineEvent):
    """The cluster was read."""

    kind: Literal["evidence_read"] = "evidence_read"
    evidence: Evidence


class FindingsRanked(TimelineEvent):
    """The runbook judged the newest evidence in the timeline before this event."""

    kind: Literal["findings_ranked"] = "findings_ranked"
    diagnosis: Diagnosis
    offers: tuple[Offer, ...] = ()
    unconfirmed: Annotated[Unconfirmed | None, Field(exclude_if=is_none)] = None
