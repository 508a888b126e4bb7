"""Agents with a ledger, and the one run that a cluster may have."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from handlers.ports import (
    CannotEdit,
    Fence,
    HeldBy,
    NotBegun,
    Obstacle,
    Order,
    Outcome,
    Readiness,
)
from runbooks.evidence import NodeEvidence
from runbooks.plans import Action, PlannedEdit
from tests.builders import planned_edit


@dataclass
class Agents:
    """Nodes that do what they are granted, once, and keep a ledger of it.

    `refuses` and `loses_answer` name the nodes that refuse, or whose answer to a commit is lost; `stalls`
    those before whose commit the worker stands still, so long that another has granted it meanwhile.
    """

    ledger: dict[str, Outcome] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    loses_answer: set[str] = field(default_factory=set)
    stalls: set[str] = field(default_factory=set)
    asks_for_second: set[str] = field(default_factory=set)
    silent: frozenset[str] = frozenset()
    edits: dict[str, PlannedEdit | CannotEdit] = field(default_factory=dict)
    boot_id: str = "boot-1"
    pod_uid: str | None = None
    config_sha256: str | None = None
    fences: list[int | None] = field(default_factory=list)
    on_effect: Callable[[Action], None] = lambda action: None
    node: Callable[[str], NodeEvidence | None] = lambda name: None

    async def seen_fences(self, cluster: str) -> dict[str, int | None]:
        return {f"node{number}": fence for number, fence in enumerate(self.fences, start=1)}

    def action_id(self, order: Order) -> str:
        if order.action.undoes:
            return f"undo/{order.action.undoes}/{order.action.attempt}"
        return f"{order.incident}/{order.generation}/{order.action.node}/{order.action.type}"

    async def planned_edits(
        self, cluster: str, actions: Collection[Action]
    ) -> dict[Action, PlannedEdit | CannotEdit]:
        return {
            action: self.edits.get(action.node) or planned_edit(action, self.node(action.node))
            for action in actions
        }

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        if why := self.refuses.get(order.action.node):
            return NotBegun(Obstacle.NODE, why)
        if self.action_id(order) in self.ledger:
            return NotBegun(Obstacle.NODE, "The agent refuses: This action is DONE already.")
        if order.action.attempt > 1 and not self._has_failed(order):
            return NotBegun(Obstacle.NODE, "The agent refuses: Attempt 1 to undo this is not closed.")
        return Readiness(
            self.action_id(order),
            nonce="n",
            state="{}",
            boot_id=self.boot_id,
            pod_uid=self.pod_uid,
            config_sha256=self._file(order.action.node),
            needs_second=order.action.node in self.asks_for_second,
            term=self._term(order.action.node),
        )

    def _has_failed(self, order: Order) -> bool:
        earlier = order.action.model_copy(update={"attempt": order.action.attempt - 1})
        known = self.ledger.get(self.action_id(replace(order, action=earlier)))
        return known is not None and known.state != "done"

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        name = readiness.action_id
        if name not in self.ledger:
            self.effects.append((order.action.node, order.action.type))
            self.fences.append(order.fence)
            self.on_effect(order.action)
            self.ledger[name] = Outcome("done", "Done.", self._file(order.action.node))
        if order.action.node in self.stalls:
            return Outcome("rejected", "The agent refuses: the nonce is unknown, used or expired.")
        if order.action.node in self.loses_answer:
            return Outcome("unknown", "The agent did not answer.")
        return self.ledger[name]

    def _file(self, name: str) -> str:
        read = self.node(name)
        return self.config_sha256 or (read.config.value.sha256 if read and read.config.value else "ab" * 32)

    def _term(self, name: str) -> int | None:
        read = self.node(name)
        return read.newest_metrics.term if read and read.newest_metrics else None

    async def status(self, order: Order) -> Outcome | None:
        return self.ledger.get(self.action_id(order))

    async def void(self, orders: Collection[Order]) -> frozenset[str]:
        for order in orders:
            if order.action.node not in self.silent:
                await self.withdraw(order)
        return frozenset(order.action.node for order in orders) & self.silent

    async def withdraw(self, order: Order) -> Outcome:
        return self.ledger.setdefault(self.action_id(order), Outcome("rejected", "Withdrawn."))


@dataclass
class Slots:
    """One run a cluster, each with a higher fence."""

    held: dict[str, str] = field(default_factory=dict)
    fence: int = 0

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        holder = self.held.setdefault(cluster, incident_id)
        if holder != incident_id:
            return HeldBy(holder)
        self.fence = max(self.fence, above) + 1
        return Fence(self.fence)

    async def newest(self, cluster: str) -> int:
        return self.fence

    async def end(self, cluster: str, incident_id: str) -> None:
        if self.held.get(cluster) == incident_id:
            del self.held[cluster]
