"""Hand the leadership on as a remedy: when it may be, and to whom.

Neumann's transfer tells one follower to stand, in an election that can be lost: then nobody leads for some
election timeouts. So it is for a cluster in which every vote is there, and any follower could be elected.
"""

from __future__ import annotations

from collections.abc import Iterator

from runbooks import raft
from runbooks.evidence import Evidence, NodeEvidence
from runbooks.log_room import ALERT_FREE_BYTES, bytes_said, why_no_room
from runbooks.planning.node_check import leadership, leads_steadily
from runbooks.planning.quorum_gate import CAUGHT_UP_ENTRIES
from runbooks.plans import ActionType
from runbooks.wording import listed

TRANSFER: ActionType = "transfer_leadership"
MIN_MEMBERS = 3
"""Of two members none can be spared, so whoever takes over leads without a spare vote."""


def why_no_transfer(evidence: Evidence, node: str, to: str) -> str | None:
    """Return why a node must not hand its leadership on to another, in one sentence; `None` where it may.

    What could not be read counts as bad.
    """
    return next(_objections(evidence, node, to), None)


def _objections(evidence: Evidence, node: str, to: str) -> Iterator[str]:
    lead, names = leadership(evidence), evidence.names
    if to not in names or to == node or len(names) < MIN_MEMBERS:
        yield f"{node} and {to} are not two of three members or more."
        return
    if (lead.leader, lead.claimed_by, lead.term) != (node, (node,), lead.highest_term):
        yield f"{node} is not known to lead, alone and in the highest term."
    if not leads_steadily(evidence):
        yield f"{node} did not lead one term through both readings."
    yield from _missing_votes(evidence, lead.acknowledged_by)
    yield from _behind(evidence, node)
    yield from _no_room(evidence, node, to)
    offered = evidence.node(node).actions
    if offered is None or TRANSFER not in (offered.value or ()):
        yield f"The agent of {node} does not hand the leadership on: its `commands.neumann` is not set."


def _missing_votes(evidence: Evidence, acknowledged_by: tuple[str, ...]) -> Iterator[str]:
    names = evidence.names
    if apart := [name for name in names if name not in acknowledged_by]:
        yield f"{listed(apart)} is not known to follow in that term, and a transfer needs every vote."
    up, links = raft.processes(evidence), raft.links(evidence, "raft")
    if down := [name for name in names if up[name] is not True]:
        yield f"{listed(down)} is not known to run, and a transfer needs every vote."
    if cut := [f"{one} → {other}" for (one, other), is_open in links.items() if is_open is not True]:
        yield f"The link {listed(cut)} is not known to be open, and a transfer needs every vote."


def _behind(evidence: Evidence, node: str) -> Iterator[str]:
    newest = evidence.node(node).newest_metrics
    leads_at = newest.commit_index if newest else None
    for other in evidence.nodes:
        page = other.newest_metrics
        index = page.commit_index if page else None
        if leads_at is None or index is None or leads_at - index > CAUGHT_UP_ENTRIES:
            yield f"{other.node} is not known to have caught up with {node}."


def _no_room(evidence: Evidence, node: str, to: str) -> Iterator[str]:
    for each in evidence.nodes:
        if each.disk.value is None:
            yield f"It is not known whether the log of {each.node} has room."
        elif why := why_no_room(each):
            # A leader whose log has stopped cannot take a later term in, and so cannot step down either.
            yield f"The log of {each.node} cannot be written: {why[0]}."
        elif each.node != node and (least := _least_free_bytes(each)) < ALERT_FREE_BYTES:
            yield f"{each.node} has {bytes_said(least)} free itself, so {to} would lead with too little room."


def _least_free_bytes(node: NodeEvidence) -> int:
    page = node.newest_metrics
    seen = (node.disk.value.free_bytes if node.disk.value else 0, page.disk_free_bytes if page else None)
    return min(each for each in seen if each is not None)
