"""What a judgement that raised ends as: "undetermined", with which one it was and its kind of error. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runbooks.evidence import Evidence, Reading
from runbooks.missing_kind import MissingKind
from runbooks.model import Diagnosis, Finding, Leadership, Verdict
from runbooks.posture.model import Check, Line, Posture, Severity

NOT_JUDGED = "judgement_failed"
"""The cause that stands for it among the findings."""


class Judgement(StrEnum):
    """What was to be judged, named as a sentence has it."""

    KEEPING = "the keeping of what was read"
    DIAGNOSIS = "the diagnosis"
    RECOVERY = "whether the cluster is well"
    NEXT_STEP = "the next step"
    PLAN = "the plan"
    VALIDITY = "whether the plan still holds"
    QUORUM_GATE = "the quorum gate"
    NODE_CHECK = "the check of the node"
    HAND_OFF = "the hand-off"
    POSTURE = "the posture"
    VIEW = "this part of the thread"
    PICTURE = "this picture"
    ACCOUNT = "the account of a past incident"


@dataclass(frozen=True)
class Undetermined:
    """A judgement that came to no end; `error` is the class of what it raised, the text is in the log."""

    judgement: Judgement
    error: str

    @property
    def sentence(self) -> str:
        """Return what a person is told."""
        return (
            f"Undetermined: {self.judgement} failed ({self.error}). This is a defect of the bot, and says"
            " nothing about the cluster; the bot's log has the place."
        )

    @property
    def remark(self) -> tuple[str, str]:
        """Return the key and the sentence of the remark for the thread."""
        return f"undetermined/{self.judgement.name.lower()}", self.sentence

    @property
    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis that stands in: nothing is claimed, ruled out or offered."""
        finding = Finding(
            cause=NOT_JUDGED,
            verdict=Verdict.UNDETERMINED,
            evidence_for=(f"{self.judgement} failed ({self.error})",),
            would_decide="people: what was read stands above",
        )
        return Diagnosis(
            can_elect="undetermined",
            can_elect_reason="what was read could not be judged",
            leadership=Leadership(),
            summary=self.sentence,
            findings=(finding,),
        )

    def posture(self, cluster: str, at: datetime) -> Posture:
        """Return the posture that stands in: nothing is known, so nothing has become better or worse."""
        lines = (Line(check=check, severity=Severity.UNKNOWN, fact=self.sentence) for check in Check)
        return Posture(cluster=cluster, at=at, lines=tuple(lines))


def without_values(evidence: Evidence, why: str) -> Evidence:
    """Return evidence in which every reading has this reason instead of a value."""
    nodes = tuple(
        node.model_copy(
            update={
                name: reading.model_copy(update={"value": None, "missing": why, "kind": MissingKind.OTHER})
                for name, reading in node
                if isinstance(reading, Reading)
            }
        )
        for node in evidence.nodes
    )
    return evidence.model_copy(update={"nodes": nodes})
