"""Decide who may confirm an action, and name the reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Member:
    """A Slack user as the workspace knows them at this moment.

    `groups` are those of the groups asked about that they are in, `gone` those that the workspace does not
    have.
    """

    id: str
    team: str
    home_team: str
    groups: frozenset[str]
    is_bot: bool = False
    is_guest: bool = False
    is_deactivated: bool = False
    gone: frozenset[str] = frozenset()


class Ruling(StrEnum):
    """The decision, and its reason."""

    ALLOWED = "You may."
    FOREIGN = "Only people of this workspace may act on a cluster."
    DEACTIVATED = "A deactivated account may not act."
    BOT = "A bot may not confirm an action."
    GUEST = "A guest may not act on a cluster."
    NO_GROUP_CONFIGURED = (
        "No user group and nobody is configured to confirm actions on this cluster (confirm_groups,"
        " confirm_users)."
    )
    NOT_IN_GROUP = "Only the on-call group of this cluster may do that; ask someone in it."


def is_colleague(member: Member) -> Ruling:
    """Return whether a member is an ordinary person of this workspace, who may look after incidents."""
    if member.team != member.home_team:
        return Ruling.FOREIGN
    if member.is_deactivated:
        return Ruling.DEACTIVATED
    if member.is_bot:
        return Ruling.BOT
    return Ruling.GUEST if member.is_guest else Ruling.ALLOWED


def may_act(member: Member, confirm_groups: tuple[str, ...], confirm_users: tuple[str, ...] = ()) -> Ruling:
    """Decide whether a member may propose and confirm actions on a cluster.

    Args:
        member: Live facts about the user.
        confirm_groups: Ids of the user groups that the configuration names for the cluster.
        confirm_users: Ids of the people that it names beside them.
    """
    ruling = is_colleague(member)
    if ruling is not Ruling.ALLOWED:
        return ruling
    if member.id in confirm_users:
        return Ruling.ALLOWED
    if not confirm_groups and not confirm_users:
        return Ruling.NO_GROUP_CONFIGURED
    return Ruling.ALLOWED if member.groups & set(confirm_groups) else Ruling.NOT_IN_GROUP
