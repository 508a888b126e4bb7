"""Whether the log of record of a node that runs is damaged; of one that ended, `endings` tells."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence
from runbooks.log_damage import is_told_by_this_process, may_be_damaged, why_damaged
from runbooks.node_recovery.causes import NodeCause
from runbooks.node_recovery.judged import Judged, known, left_open
from runbooks.node_recovery.members import Members


def damaged(_: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that runs and told of damage itself: it may not come up again, well as it looks."""
    if not why_damaged(node) or not is_told_by_this_process(node):
        return None
    return known(NodeCause.LOG_DAMAGED, why_damaged(node), sources=1)


def perhaps_damaged(_: Members, node: NodeEvidence) -> Judged | None:
    """Leave open whether a log is damaged that was told to be before its process was started, or since."""
    if not may_be_damaged(node):
        return None
    lacks = f"whether the log of {node.node} was told to be damaged before its process was started, or since"
    return left_open(NodeCause.LOG_DAMAGED, lacks, why_damaged(node))
