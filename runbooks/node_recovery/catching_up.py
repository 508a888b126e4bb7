"""Why a node that runs is not level with the leader: it follows nobody, waits for a snapshot, catches up."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence
from runbooks.gaps import Gap
from runbooks.log_room import why_no_room
from runbooks.model import SURE
from runbooks.node_recovery.causes import NodeCause
from runbooks.node_recovery.judged import NODE, Judged, known, left_open
from runbooks.node_recovery.members import Members, has_run_for_long, is_unhealthy
from runbooks.process_signs import JUST_STARTED_S
from runbooks.wording import counted, listed, seconds

SNAPSHOT_LIMIT_S = 300.0
"""Neumann aborts a snapshot's transfer after it (raft.rs), so a failing one is logged that often."""


def not_following(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a node that runs and is not in its place under the leader."""
    name, page = node.node, node.newest_metrics
    if page is None or name == members.leader:
        return None
    follows, cut = members.follows(page, name), members.cut_from_leader(name)
    if follows is None:
        return left_open(NodeCause.NODE_NOT_KNOWN, f"role and term of {NODE}")
    if follows:
        return _cut_off(members, node, cut)
    before, term = node.metrics.value, members.gaps.leadership.term
    said = f"it is {page.role} in term {page.term}, {members.leader} leads term {term} (bot)"
    if before is None or node.metrics_again.value is None or members.follows(before, name) is not False:
        return left_open(NodeCause.NOT_FOLLOWING, f"a second look at {NODE}", [said])
    return known(NodeCause.NOT_FOLLOWING, [said, *cut], sources=1 + len(cut))


def _cut_off(members: Members, node: NodeEvidence, cut: list[str]) -> Judged | None:
    """Judge a node that calls itself a follower, while it and the leader do not reach each other."""
    gap = members.gap(node.node)
    # What the leader sends arrives: then it follows, whatever agents say of the link.
    if not cut or (gap is not None and gap.received > 0):
        return None
    if not has_run_for_long(node):
        return left_open(NodeCause.NOT_FOLLOWING, f"another look at {NODE}: it may be crashing", cut)
    return known(NodeCause.NOT_FOLLOWING, cut, sources=len(cut))


def behind(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a node that is behind: with its slope, and the time that it takes to be level."""
    gap = members.gap(node.node)
    if gap is None:
        return left_open(NodeCause.NODE_NOT_KNOWN, f"indexes of {NODE} and the leader, read together")
    if gap.entries <= members.level_entries:
        return None
    far = f"{node.node} is {gap.entries} entries behind {members.leader}"
    if gap.grows_per_s is None:
        return left_open(NodeCause.STAYS_BEHIND, f"a second look at the indexes of {NODE}", [far])
    if gap.closes_in_s is not None:
        speed = f"{far} and gains {-gap.grows_per_s:.0f} a second: level in {seconds(gap.closes_in_s)} (bot)"
        started = _started(node)
        return known(NodeCause.CLOSING_THE_GAP, [speed, *started], sources=1 + len(started))
    slope = f"and loses {gap.grows_per_s:.0f} a second" if gap.grows_per_s > 0 else "and gains nothing on it"
    return _does_not_close(members, node, gap, f"{far} {slope} (bot)")


def _started(node: NodeEvidence) -> list[str]:
    running_s = node.service.value.running_s if node.service.value else None
    if running_s is None or running_s > JUST_STARTED_S:
        return []
    return [f"started {seconds(running_s)} ago ({node.service.by})"]


def _does_not_close(members: Members, node: NodeEvidence, gap: Gap, far: str) -> Judged:
    """Judge a gap that does not close; what was started a moment ago may be at its snapshot still."""
    if room := why_no_room(node):
        return known(NodeCause.NO_ROOM_TO_RUN, [*room, far], sources=2)
    snapshot = _snapshot(members, node, gap, far)
    if snapshot and snapshot.verdict in SURE:
        return snapshot
    if _started(node) or node.service.value is None:
        lacks = f"another look at {NODE} in a minute: it may be at its snapshot, or at its log"
        return left_open(NodeCause.STAYS_BEHIND, lacks, [far, *_started(node)])
    if unread := _unread(members, node):
        return left_open(NodeCause.STAYS_BEHIND, listed(unread), [far])
    return known(NodeCause.STAYS_BEHIND, [far], sources=1)


def _unread(members: Members, node: NodeEvidence) -> list[str]:
    """Return the readings that are missing of what keeps a gap open: its disk, and the logs of both ends."""
    ends = [node, *([members.evidence.node(members.leader)] if members.leader else [])]
    unread = [f"the log of {end.node}" for end in ends if end.log.value is None]
    return unread if node.disk.value else [f"the disk of {node.node}", *unread]


def _snapshot(members: Members, node: NodeEvidence, gap: Gap, far: str) -> Judged | None:
    """Judge whether a node waits for a snapshot: it receives nothing, and logs tell of failed transfers."""
    if not gap.missing or gap.received > 0:
        return None
    told = [each for each in (node.node, members.leader) if each and _snapshot_failures(members, each)]
    if not told:
        return None
    failures = [
        f"{counted(_snapshot_failures(members, each), 'snapshot')} failed (log, agent:{each})"
        for each in told
    ]
    # The leader's log does not say whose transfer it was.
    return known(NodeCause.SNAPSHOT_STUCK, [*failures, far], sources=2 if node.node in told else 1)


def _snapshot_failures(members: Members, name: str) -> int:
    log = members.evidence.node(name).log.value
    if log is None or (log.silent_s or 0.0) > SNAPSHOT_LIMIT_S:
        return 0
    return log.counts.get("snapshot_failed", 0)


def unwell(_: Members, node: NodeEvidence) -> Judged | None:
    """Leave open how a node is that is level: it calls itself unwell, or nobody says whether it stays."""
    if node.service.value is None:
        lacks = f"the service on {NODE}: its page answers, and nobody says whether it keeps crashing"
        return left_open(NodeCause.NODE_NOT_KNOWN, lacks)
    if not is_unhealthy(node) or node.health.value is None:
        return None
    said = f"its /health says “{node.health.value.status[:40]}” (bot)"
    return left_open(NodeCause.NODE_NOT_KNOWN, f"why {node.node} calls itself unwell", [said])
