"""The clusters: reading them, acting on their nodes, and the lock that lets one run act at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.domain.events.remediation import OutcomeState
from runbooks.evidence import Evidence, Metrics
from runbooks.plans import Action, PlannedEdit
from runbooks.posture.inventory import Inventory


class ClusterReader(Protocol):
    """Reads clusters; what cannot be read is part of the result, never an exception."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Return the names of the configured clusters."""

    async def read(self, cluster: str) -> Evidence:
        """Read everything a runbook needs, from all nodes at the same time."""

    def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        """Read like `read`, and yield intermediate results; the last one is complete."""

    async def read_lately(self, cluster: str) -> Evidence:
        """Read like `read`, or return what was read some seconds ago, so that many ask for one reading."""

    def inventory(self, cluster: str) -> Inventory:
        """Return where the nodes are, and which versions their agents told when they last answered."""

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        """Read one metrics sample per node: enough to see who leads."""


@dataclass(frozen=True)
class Outcome:
    """The state of an action in a node's ledger; `config_sha256` is of the configuration file after it."""

    state: OutcomeState
    detail: str
    config_sha256: str | None = None


@dataclass(frozen=True)
class Readiness:
    """A node's answer that an action can be carried out now: its nonce and the state that the grant binds.

    `boot_id`, `config_sha256`, `pod_uid` and `term` are part of that state; `needs_second` is set where the
    agent asks for a second person's signature.
    """

    action_id: str
    nonce: str
    state: str
    boot_id: str = ""
    config_sha256: str | None = None
    needs_second: bool = False
    pod_uid: str | None = None
    term: int | None = None


class Obstacle(StrEnum):
    """What kept an action from being begun."""

    CHECK = "check"
    """A check of the bot's own."""

    NODE = "node"
    """The node refused it, perhaps because it knows the action already."""

    NO_ANSWER = "no_answer"
    """The node could not be asked."""


@dataclass(frozen=True)
class NotBegun:
    """The reason why an action was not begun."""

    by: Obstacle
    detail: str

    @property
    def outcome(self) -> Outcome:
        """Return what the timeline says of the action."""
        return Outcome("not_done" if self.by is Obstacle.NO_ANSWER else "rejected", self.detail)


@dataclass(frozen=True)
class CannotEdit:
    """An agent will not change its configuration file so, or does not answer (`by`); `reason` says why."""

    reason: str
    by: Obstacle = Obstacle.NODE


@dataclass(frozen=True)
class Order:
    """One action of a confirmed plan, with everything that its id and its grant are derived from.

    `after_sha256` is the configuration file as it was shown after the action; None where it changes no file.
    `position` and `mac` say how far the incident's timeline has come; they are no part of the action's id.
    """

    cluster: str
    incident: str
    generation: int
    fence: int
    action: Action
    confirmed_by: str
    approved_by: str | None = None
    after_sha256: str | None = None
    position: int = 0
    mac: str = ""


class Agents(Protocol):
    """The agents on the nodes, which decide last."""

    def action_id(self, order: Order) -> str:
        """Return the action's id: a hash of the order, so a repeat is the same action."""

    async def planned_edits(
        self, cluster: str, actions: Collection[Action]
    ) -> Mapping[Action, PlannedEdit | CannotEdit]:
        """Return what each of these changes of a configuration file would write; nothing is written."""

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        """Ask whether the action can be carried out now."""

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """Grant the action once. If the answer is lost, ask for its status instead of repeating it."""

    async def status(self, order: Order) -> Outcome | None:
        """Return what the node's ledger knows; `None` if the action has never begun there."""

    async def withdraw(self, order: Order) -> Outcome:
        """Close the action in the node's ledger unless it has begun, which voids late grants."""

    async def void(self, orders: Collection[Order]) -> frozenset[str]:
        """Close these actions for good, also such that were never asked for; ask each agent once.

        Returns:
            The nodes whose agent did not do it.
        """

    async def seen_fences(self, cluster: str) -> Mapping[str, int | None]:
        """Return, by node, the highest fence its agent has acted on; `None` if it does not answer."""


@dataclass(frozen=True)
class Fence:
    """The run lock is taken; agents refuse a run with a lower number than one that they have seen."""

    number: int


@dataclass(frozen=True)
class HeldBy:
    """The cluster's run lock is held by another incident."""

    incident_id: str


class RunLocks(Protocol):
    """One disruptive run per cluster at a time, each with a higher fence than the one before."""

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        """Take the cluster's lock with a fence higher than `above`, or return who holds it."""

    async def newest(self, cluster: str) -> int:
        """Return the newest fence that was given out; 0 where there is none."""

    async def end(self, cluster: str, incident_id: str) -> None:
        """Give the lock back if this incident still holds it."""
