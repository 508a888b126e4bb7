"""What a runbook says: findings and remedies; and the Protocol every runbook module obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import Field

from runbooks.evidence import Evidence, Frozen
from runbooks.hand_off import HandOff
from runbooks.plans import Action, Plan

CanElect = Literal["yes", "no", "undetermined"]
RecoveryNeeds = Literal["metrics", "everything", "nothing"]
BY_HAND = "by_hand"
"""The name of a remedy that is people's: its reason is the advice, and it has no button."""

UNDO = "undo"
"""The name of the remedy that puts back what a run changed."""


@dataclass(frozen=True)
class Cause:
    """One row of a runbook's causes.

    Args:
        word: The fixed word; findings carry it alone, so a version that does not know it can still show it.
        title: What it is called in a thread.
        sentence: What is so, with `{nodes}` for those concerned.
        by_hand: What people do about it where the runbook has no remedy.
        needs_no_remedy: Nothing is wrong with the cluster, so the thread lists no remedy that is off.
    """

    word: str
    title: str
    sentence: str
    by_hand: str = ""
    needs_no_remedy: bool = False


@dataclass(frozen=True)
class RemedyKind:
    """One row of a runbook's remedies: its fixed name, its button, and what its plan says besides steps."""

    name: str
    button: str
    title: str
    risk: str
    undo: str
    check: str


class Verdict(StrEnum):
    """How sure a finding is, strongest first."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    UNDETERMINED = "undetermined"
    RULED_OUT = "ruled_out"


SURE = (Verdict.CONFIRMED, Verdict.LIKELY)
"""The verdicts that claim a cause."""


class Remedy(Frozen):
    """A way to mend, offered or refused, with the reason either way. `actions` run in this order."""

    name: str
    nodes: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    offered: bool
    reason: str


class Finding(Frozen):
    """One root cause judged: how sure, where, what speaks for and against, what would decide."""

    cause: str
    verdict: Verdict
    nodes: tuple[str, ...] = ()
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    would_decide: str | None = None
    remedies: tuple[Remedy, ...] = ()


class Leadership(Frozen):
    """Who leads, as far as the nodes' own claims show it.

    `leader` is the one node that claims it with a majority in its term, or else the only one that claims
    it in the highest term; `acknowledged_by` are the nodes in that term, the leader among them.
    `highest_term` may be higher: a node that is cut off and stands again and again raises its own.
    """

    leader: str | None = None
    term: int | None = None
    highest_term: int | None = None
    acknowledged_by: tuple[str, ...] = ()
    claimed_by: tuple[str, ...] = ()
    commit_index: int | None = None
    majority: bool = False


def _is_empty(value: object) -> bool:
    return not value


class Diagnosis(Frozen):
    """The answer to one evidence: can it elect, who leads, what is wrong, most certain first.

    `lost` are nodes of which nothing says that they can come back, where the others are no majority.
    """

    can_elect: CanElect
    can_elect_reason: str
    leadership: Leadership
    summary: str
    findings: tuple[Finding, ...]
    lost: Annotated[tuple[str, ...], Field(exclude_if=_is_empty)] = ()

    @property
    def top(self) -> Finding:
        """Return the finding that ranks first."""
        return self.findings[0]

    @property
    def offers(self) -> tuple[Remedy, ...]:
        """Return the remedies that may be carried out, each once whatever findings it belongs to."""
        offered = [r for f in self.findings for r in f.remedies if r.offered and r.actions]
        return tuple({(r.name, r.actions): r for r in reversed(offered)}.values())[::-1]


class Recovery(Frozen):
    """One look at whether what a runbook looks after is well again.

    Args:
        is_recovered: Well at this very look; it counts once it has lasted.
        sign: What must stay the same while it lasts, such as leader and term.
        progress: A count that must have grown while it lasted; None where nothing has to.
        sentence: What is well, for the thread.
        leadership: Who leads, where that is what the runbook waits for.
    """

    is_recovered: bool
    sign: str = ""
    progress: int | None = None
    sentence: str = ""
    leadership: Leadership | None = None


class Runbook(Protocol):
    """The Protocol that each runbook's package obeys; `all_runbooks` lists them."""

    NAME: str
    TITLE: str
    URL: str
    ALERTS: frozenset[str]
    CAUSES: Mapping[str, Cause]
    REMEDIES: Mapping[str, RemedyKind]

    AIM: str
    """What an incident of it waits for, as a noun: `leader`."""

    RECOVERY_NEEDS: RecoveryNeeds
    """What `is_recovered` reads: the metrics pages, asked every second, or everything, asked less often.

    With `nothing` it is not asked: nothing proves its incidents well, and they close when no alert fires.
    """

    def is_recovered(self, evidence: Evidence) -> Recovery:
        """Say whether it is well again at this look, which holds what `RECOVERY_NEEDS` says: pure."""

    def diagnose(self, evidence: Evidence) -> Diagnosis:
        """Judge the evidence: pure, and the same evidence gives the same words."""

    def hand_off(self, evidence: Evidence) -> HandOff | None:
        """Return what people need who must go on without a majority; `None` where the runbook has nothing."""

    def plan(self, remedy: Remedy, evidence: Evidence) -> Plan:
        """Draw up exactly what an offered remedy would do; edits of files are shown by `Plan.with_edits`."""


def labels_asked(runbook: Runbook) -> Mapping[str, str]:
    """Return the labels that an alert must have beside its name to be the runbook's.

    They are its optional `LABELS`; without it every alert of that name is its own.
    """
    labels: Mapping[str, str] = getattr(runbook, "LABELS", {})
    return labels
