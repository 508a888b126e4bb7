"""Events of reading a cluster and judging what was read."""

from __future__ import annotations

from typing import Literal

from handlers.domain.events.base import TimelineEvent
from runbooks.evidence import Evidence, Frozen
from runbooks.model import Diagnosis, Remedy


class Offer(Frozen):
    """A remedy that was offered, under the random handle that its button carries."""

    handle: str
    remedy: Remedy


class EvidenceRead(TimelineEvent):
    """The cluster was read."""

    kind: Literal["evidence_read"] = "evidence_read"
    evidence: Evidence


class FindingsRanked(TimelineEvent):
    """The runbook judged the newest evidence in the timeline before this event."""

    kind: Literal["findings_ranked"] = "findings_ranked"
    diagnosis: Diagnosis
    offers: tuple[Offer, ...] = ()
