"""Which groups may propose, confirm and give second approval: rows of configuration, read by pure rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.domain import policy
from handlers.domain.policy import Member
from runbooks.model import ActionType


class PlanPermission(StrEnum):
    """What someone does with a plan."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    APPROVE = "approve"


@dataclass(frozen=True)
class Permission:
    """One row: where it holds, for which actions, and which user groups may do what.

    An empty `clusters`, `environments` or `actions` means all. Where `second_groups` names a group, a second
    person from it must approve.
    """

    clusters: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    actions: frozenset[ActionType] = frozenset()
    propose_groups: tuple[str, ...] = ()
    confirm_groups: tuple[str, ...] = ()
    second_groups: tuple[str, ...] = ()

    def holds_for(self, cluster: str, environment: str, action: ActionType) -> bool:
        """Whether this row is about that action there."""
        return (
            (not self.clusters or cluster in self.clusters)
            and (not self.environments or environment in self.environments)
            and (not self.actions or action in self.actions)
        )

    def groups(self, part: PlanPermission) -> tuple[str, ...]:
        """Who may do this part; whoever may confirm may also propose."""
        return {
            PlanPermission.PROPOSE: (*self.propose_groups, *self.confirm_groups),
            PlanPermission.CONFIRM: self.confirm_groups,
            PlanPermission.APPROVE: self.second_groups,
        }[part]


@dataclass(frozen=True)
class Permissions:
    """All rows, the first that holds for an action decides; `environments` is cluster → environment."""

    rows: tuple[Permission, ...] = ()
    environments: Mapping[str, str] = field(default_factory=dict)

    def of(self, cluster: str, action: ActionType) -> Permission:
        """The row that decides; where none does, nobody may."""
        environment = self.environments.get(cluster, "")
        return next((row for row in self.rows if row.holds_for(cluster, environment, action)), Permission())

    def second_needed(self, cluster: str, actions: Iterable[ActionType]) -> bool:
        """Whether any of these actions asks for a second person."""
        return any(self.of(cluster, action).second_groups for action in actions)

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that is named anywhere."""
        return frozenset(group for row in self.rows for part in PlanPermission for group in row.groups(part))

    def ruling(
        self,
        member: Member,
        part: PlanPermission,
        cluster: str,
        actions: Iterable[ActionType],
        *,
        confirmed_by: str | None = None,
    ) -> str | None:
        """Why a member may not do this part of a plan with these actions; `None` where they may.

        Args:
            member: Live facts about the user.
            part: What they are about to do.
            cluster: On which cluster.
            actions: The plan's actions; all of them must be permitted.
            confirmed_by: Who confirmed the plan, for the second approval: it must be someone else.
        """
        if part is PlanPermission.APPROVE and member.id == confirmed_by:
            return "A second person must approve: you confirmed this plan yourself."
        for action in sorted(set(actions)):
            row = self.of(cluster, action)
            groups = row.groups(part) or (
                row.groups(PlanPermission.CONFIRM) if part is PlanPermission.APPROVE else ()
            )
            ruling = policy.may_act(member, groups)
            if ruling is not policy.Ruling.ALLOWED:
                return ruling.value
        return None
