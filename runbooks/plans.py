"""What would be done, exactly: typed actions, edits as agents show them, and the plan to be confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from runbooks.evidence import Frozen

ActionType = Literal[
    "clock_sync",
    "set_election_timeouts",
    "start_service",
    "restart_service",
    "transfer_leadership",
    "undo_election_timeouts",
]

CHANGES_FILE: frozenset[ActionType] = frozenset({"set_election_timeouts", "undo_election_timeouts"})
"""The actions that write into a configuration file; the agent shows the edit before it is confirmed."""


def _is_empty(value: object) -> bool:
    return not value


def _is_first(value: object) -> bool:
    return value == 1


class Action(Frozen):
    """One typed action on one node; the timeouts belong to the election timeouts alone, `to` to a transfer.

    `undo_election_timeouts` puts the file's bytes back that the action named by `undoes` replaced; its
    timeouts are the ones which that action set. `attempt` is higher where a run before it left that undone.
    """

    type: ActionType
    node: str
    election_timeout_min_ms: int | None = None
    election_timeout_max_ms: int | None = None
    undoes: str | None = None
    to: Annotated[str | None, Field(exclude_if=_is_empty)] = None
    attempt: Annotated[int, Field(ge=1, exclude_if=_is_first)] = 1


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


class Binding(Frozen):
    """What a plan was drawn up on: where one of these is no longer so, the plan is void.

    `evidence_at` is the generation of the evidence; the mappings are node → SHA-256 of its configuration
    file, node → boot id, and node → SHA-256 of the file as it was shown after the edit, of the nodes that
    the plan touches. What is empty is left out, so plans of before keep their hash. `cluster` is the one that
    the plan was drawn up for, `pods` the uid of each node's pod, where nodes are pods.
    """

    evidence_at: AwareDatetime
    leader: str | None
    term: int | None
    config_sha256: dict[str, str]
    boot_ids: dict[str, str]
    cluster: Annotated[str | None, Field(exclude_if=_is_empty)] = None
    after_sha256: dict[str, str] = Field(default_factory=dict, exclude_if=_is_empty)
    pods: dict[str, str] = Field(default_factory=dict, exclude_if=_is_empty)


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

    def of_cluster(self, cluster: str) -> Plan:
        """Return the plan, bound to the cluster that it was drawn up for."""
        return self.model_copy(update={"bound": self.bound.model_copy(update={"cluster": cluster})})

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
