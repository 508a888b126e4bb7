"""Which user groups may propose, confirm and approve plans and silence alerts: rows of configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import get_args

from handlers.domain import policy
from handlers.domain.policy import Member
from runbooks.plans import ActionType

SILENCE_REFUSED = (
    "Only the on-call group of this cluster may silence its alerts, since a silence hides an outage from "
    "everybody; ask someone in it."
)

GROUPS_GONE = "Slack has no user group {groups} any more, which the configuration names: nobody is in it."


class PlanPermission(StrEnum):
    """The steps of a plan that need permission."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    APPROVE = "approve"


@dataclass(frozen=True)
class Permission:
    """One row of `[[permissions]]`: for which clusters and actions it holds, and which groups may do what.

    An empty `clusters`, `environments` or `actions` means all. Where `second_groups` names a group, a second
    person from it must approve. `confirm_users` are people by their ids, for a workspace whose plan has no
    groups. `silence_groups` holds whatever the `actions`.
    """

    clusters: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    actions: frozenset[ActionType] = frozenset()
    propose_groups: tuple[str, ...] = ()
    confirm_groups: tuple[str, ...] = ()
    confirm_users: tuple[str, ...] = ()
    second_groups: tuple[str, ...] = ()
    silence_groups: tuple[str, ...] = ()

    def holds_for(self, cluster: str, environment: str, action: ActionType) -> bool:
        """Return whether this row holds for an action on a cluster."""
        return self.is_about(cluster, environment) and (not self.actions or action in self.actions)

    def is_about(self, cluster: str, environment: str) -> bool:
        """Return whether this row holds for a cluster, whatever the action."""
        return (not self.clusters or cluster in self.clusters) and (
            not self.environments or environment in self.environments
        )

    def groups(self, part: PlanPermission) -> tuple[str, ...]:
        """Return the groups that may do this step; who may confirm may also propose."""
        return {
            PlanPermission.PROPOSE: (*self.propose_groups, *self.confirm_groups),
            PlanPermission.CONFIRM: self.confirm_groups,
            PlanPermission.APPROVE: self.second_groups,
        }[part]

    def users(self, part: PlanPermission) -> tuple[str, ...]:
        """Return the people who are named for this step, beside the groups.

        Where no group is named to approve, whoever may confirm may approve what another confirmed.
        """
        is_theirs = part is not PlanPermission.APPROVE or not self.second_groups
        return self.confirm_users if is_theirs else ()


@dataclass(frozen=True)
class Permissions:
    """All rows; the first that holds for an action decides. `environments` maps cluster to environment."""

    rows: tuple[Permission, ...] = ()
    environments: Mapping[str, str] = field(default_factory=dict)

    def of(self, cluster: str, action: ActionType) -> Permission:
        """Return the row that decides; an empty one, by which nobody may, if none holds.

        Undoing is decided by the row of what is undone: it writes the same file.
        """
        action = "set_election_timeouts" if action == "undo_election_timeouts" else action
        environment = self.environments.get(cluster, "")
        return next((row for row in self.rows if row.holds_for(cluster, environment, action)), Permission())

    def may_silence(self, cluster: str) -> tuple[str, ...]:
        """Return the groups that may silence a cluster's alerts.

        The first row for the cluster that names `silence_groups` decides. If none does, the groups that may
        confirm a restart may silence: whoever may take a node down may also mute what that sets off.
        """
        environment = self.environments.get(cluster, "")
        for row in self.rows:
            if row.silence_groups and row.is_about(cluster, environment):
                return row.silence_groups
        return self.of(cluster, "restart_service").confirm_groups

    def ruling_on_silence(self, member: Member, cluster: str) -> str | None:
        """Return why a member may not silence a cluster's alerts, or `None` if they may."""
        groups, restart = self.may_silence(cluster), self.of(cluster, "restart_service")
        users = restart.confirm_users if groups == restart.confirm_groups else ()
        return _ruling(member, groups, users, SILENCE_REFUSED)

    def second_needed(self, cluster: str, actions: Iterable[ActionType]) -> bool:
        """Return whether any of these actions needs a second person."""
        return any(self.of(cluster, action).second_groups for action in actions)

    def somebody_may_confirm(self, cluster: str) -> bool:
        """Return whether a group or person is named who may confirm any action on a cluster."""
        rows = (self.of(cluster, action) for action in get_args(ActionType))
        return any(row.confirm_groups or row.confirm_users for row in rows)

    @property
    def groups(self) -> frozenset[str]:
        """Return every user group that a row names."""
        named = (group for row in self.rows for part in PlanPermission for group in row.groups(part))
        return frozenset(named) | {group for row in self.rows for group in row.silence_groups}

    def decisive(self, part: PlanPermission, cluster: str, actions: Iterable[ActionType]) -> frozenset[str]:
        """Return the groups that decide about this step of a plan; no other group matters to it."""
        return frozenset(group for action in actions for group in self._may(part, cluster, action))

    def _may(self, part: PlanPermission, cluster: str, action: ActionType) -> tuple[str, ...]:
        row = self.of(cluster, action)
        confirming = row.groups(PlanPermission.CONFIRM) if part is PlanPermission.APPROVE else ()
        return row.groups(part) or confirming

    def ruling(
        self,
        member: Member,
        part: PlanPermission,
        cluster: str,
        actions: Iterable[ActionType],
        *,
        confirmed_by: str | None = None,
    ) -> str | None:
        """Return why a member may not do this step of a plan with these actions, or `None` if they may.

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
            groups, users = self._may(part, cluster, action), self.of(cluster, action).users(part)
            if refused := _ruling(member, groups, users):
                return refused
        return None


def _ruling(
    member: Member,
    groups: tuple[str, ...],
    users: tuple[str, ...],
    not_in_group: str = policy.Ruling.NOT_IN_GROUP.value,
) -> str | None:
    ruling = policy.may_act(member, groups, users)
    if ruling is not policy.Ruling.NOT_IN_GROUP:
        return None if ruling is policy.Ruling.ALLOWED else ruling.value
    gone = sorted(member.gone.intersection(groups))
    return " ".join([not_in_group, *([GROUPS_GONE.format(groups=", ".join(gone))] if gone else [])])
