"""What a runbook says: findings, remedies, plans; and the Protocol every runbook module obeys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import AwareDatetime, Field

from runbooks.evidence import Evidence, Frozen

CanElect = Literal["yes", "no", "undetermined"]
RecoveryNeeds = Literal["metrics", "everything"]
ActionType = Literal[
    "clock_sync", "set_election_timeouts", "start_service", "restart_service", "undo_election_timeouts"
]

CHANGES_FILE: frozenset[ActionType] = frozenset({"set_election_timeouts", "undo_election_timeouts"})
"""The actions that write into a configuration file; the agent shows the edit before it is confirmed."""

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


class Action(Frozen):
    """One typed action on one node; the parameters belong to the election timeouts alone.

    `undo_election_timeouts` puts the file's bytes back that the action named by `undoes` replaced; its
    timeouts are the ones which that action set.
    """

    type: ActionType
    node: str
    election_timeout_min_ms: int | None = None
    election_timeout_max_ms: int | None = None
    undoes: str | None = None


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


class Diagnosis(Frozen):
    """The answer to one evidence: can it elect, who leads, what is wrong, most certain first."""

    can_elect: CanElect
    can_elect_reason: str
    leadership: Leadership
    summary: str
    findings: tuple[Finding, ...]

    @property
    def top(self) -> Finding:
        """Return the finding that ranks first."""
        return self.findings[0]

    @property
    def offers(self) -> tuple[Remedy, ...]:
        """Return the remedies that may be carried out."""
        return tuple(r for f in self.findings for r in f.remedies if r.offered and r.actions)


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


class PlannedEdit(Frozen):
    """A change of a node's configuration file, as the agent that would write it gives it.

    `lines` are the lines that differ, each after `-` or `+`.
    """

    path: str
    before_sha256: str
    after_sha256: str
    lines: tuple[str, ...]


class PlanStep(Frozen):
    """One action of a plan, as a person reads it: the exact command or file diff, and the effect."""

    action: Action
    shown: str
    effect: str


def _is_empty(value: object) -> bool:
    return not value


class Binding(Frozen):
    """What a plan was drawn up on: where one of these is no longer so, the plan is void.

    `evidence_at` is the generation of the evidence; the mappings are node → SHA-256 of its configuration
    file, node → boot id, and node → SHA-256 of the file as it was shown after the edit, of the nodes that
    the plan touches. Plans without an edit leave the last one out, and so keep their own hash.
    """

    evidence_at: AwareDatetime
    leader: str | None
    term: int | None
    config_sha256: dict[str, str]
    boot_ids: dict[str, str]
    after_sha256: dict[str, str] = Field(default_factory=dict, exclude_if=_is_empty)


class Plan(Frozen):
    """What would be done, exactly. Its hash binds the confirmation to these very words."""

    remedy: str
    title: str
    steps: tuple[PlanStep, ...]
    bound: Binding
    arithmetic: tuple[str, ...] = ()
    risk: str
    checks_before: tuple[str, ...]
    watch_after: str
    undo: str
    stable_s: float
    needs_second: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the nodes that the plan touches, in its order."""
        return tuple(dict.fromkeys(step.action.node for step in self.steps))

    @property
    def sha256(self) -> str:
        """Hash over the whole plan."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def with_edits(self, edits: Mapping[Action, PlannedEdit]) -> Plan:
        """Return the plan that shows these edits, and is bound to the files before and after them."""
        of_node = {action.node: edit for action, edit in edits.items()}
        before = {node: edit.before_sha256 for node, edit in of_node.items()}
        bound = self.bound.model_copy(
            update={
                "config_sha256": {**self.bound.config_sha256, **before},
                "after_sha256": {node: edit.after_sha256 for node, edit in of_node.items()},
            }
        )
        steps = tuple(
            step.model_copy(update={"shown": "\n".join((edits[step.action].path, *edits[step.action].lines))})
            if step.action in edits
            else step
            for step in self.steps
        )
        return self.model_copy(update={"bound": bound, "steps": steps})


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
    """What `is_recovered` reads: the metrics pages, asked every second, or everything, asked less often."""

    def is_recovered(self, evidence: Evidence) -> Recovery:
        """Say whether it is well again at this look, which holds what `RECOVERY_NEEDS` says: pure."""

    def diagnose(self, evidence: Evidence) -> Diagnosis:
        """Judge the evidence: pure, and the same evidence gives the same words."""

    def plan(self, remedy: Remedy, evidence: Evidence) -> Plan:
        """Draw up exactly what an offered remedy would do; edits of files are shown by `Plan.with_edits`."""
