"""Judge each node: the first thing that is wrong with it, or that it serves."""

from __future__ import annotations

from collections.abc import Callable

from runbooks.evidence import NodeEvidence
from runbooks.node_recovery.catching_up import behind, not_following, unwell
from runbooks.node_recovery.damage import damaged, perhaps_damaged
from runbooks.node_recovery.judged import Judged
from runbooks.node_recovery.members import Members
from runbooks.node_recovery.processes import crashes, hangs, starts, stopped, unreachable, unread, unseen

_Look = Callable[[Members, NodeEvidence], Judged | None]
_LOOKS: tuple[_Look, ...] = (
    crashes,
    damaged,
    starts,
    stopped,
    hangs,
    unreachable,
    unread,
    perhaps_damaged,
    not_following,
    behind,
    unseen,
    unwell,
)
"""In this order: who is no process follows nobody, and who follows nobody is behind."""


def judged(members: Members, name: str) -> Judged | None:
    """Return why a node does not serve; `None` where it was read whole and does."""
    node = members.evidence.node(name)
    return next((found for look in _LOOKS if (found := look(members, node))), None)
