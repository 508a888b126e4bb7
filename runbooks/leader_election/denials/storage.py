"""Denials of nodes that cannot write their log of record: no room, no inodes, read-only, failing writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.evidence import NodeEvidence
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.log_room import lacks_room, why_no_room
from runbooks.wording import counted, listed

FAILED_PER_MIN = 5.0
"""Writes a minute that failed for good, after three tries each, from which on the disk is not merely slow."""

STALLED_PERCENT = 20.0
"""Share of the time in which every task waits for the disk, from which on failed writes may be slowness."""

_REASONS = {
    5: "input/output error",
    28: "no space left: a full disk, no inodes, or a reserve",
    30: "the file system is read-only",
    122: "the quota is used up",
}
"""Errors of a write (errno of Linux) that pass by themselves for nobody."""

_COUNTED = {"wal_io_error": 5, "wal_no_space": 28, "wal_read_only": 30, "wal_quota": 122}
_WAL_LINE = re.compile(r"WAL|disk space|os error", re.IGNORECASE)
_WAL_ERRNO = re.compile(r"WAL persist failed\b.*\(os error (\d{1,4})\)")


def storage_denials(facts: Facts) -> Iterator[Denial]:
    """Yield a denial for each node, running or stopped, whose log of record cannot be written.

    Where writes fail on one although bytes are free, only a node's log tells whether they do there as well.
    """
    unseen = any(write_errors(facts, name) and not lacks_room(facts.node(name)) for name in facts.names)
    for node in facts.evidence.nodes:
        if keeps_votes(node):
            continue
        signs = [*why_no_room(node), *_complaints(facts, node)]
        if signs:
            known = Known.CORROBORATED if len(signs) > 1 else Known.BY_ONE
            because = f"{node.node}: {'; '.join(signs)}"
            # Two instruments, and one agent's word.
            yield Denial(RootCause.STORAGE_FULL, known, because, node=node.node, by=node.node)
        elif unseen and node.log.value is None:
            lacks = f"the log of {node.node}: whether its writes fail as well"
            yield Denial(RootCause.STORAGE_FULL, Known.MAYBE, node=node.node, lacks=lacks)


def keeps_votes(node: NodeEvidence) -> bool:
    """Return whether a node's term or commit index rose between the samples: it writes its log of record.

    Neumann takes over no term and commits nothing before that is written (raft.rs).
    """
    before, after = node.metrics.value, node.metrics_again.value
    if before is None or after is None:
        return False
    figures = ((before.term, after.term), (before.commit_index, after.commit_index))
    return any(was is not None and now is not None and now > was for was, now in figures)


def write_errors(facts: Facts, name: str) -> frozenset[int]:
    """Return the errnos with which a node's writes fail, by its current log."""
    log = facts.current_log(name)
    if log is None or not facts.logged(name, "wal_failed", *_COUNTED):
        return frozenset()
    counted_ones = {code for event, code in _COUNTED.items() if log.counts.get(event)}
    quoted = {int(found[1]) for line in log.excerpts if (found := _WAL_ERRNO.search(line))}
    return frozenset(counted_ones | quoted)


def _belies_its_counts(facts: Facts, name: str) -> bool:
    """Return whether a log counts failed writes before all else, and none of its newest lines is one."""
    log = facts.current_log(name)
    if log is None or not log.excerpts:
        return False
    failed = facts.logged(name, "wal_failed", "disk_space_low")
    others = sum(log.counts.values()) - failed
    return failed > others and not any(map(_WAL_LINE.search, log.excerpts))


def _complaints(facts: Facts, node: NodeEvidence) -> list[str]:
    name, by = node.node, node.log.by
    if _belies_its_counts(facts, name):
        return []
    low = facts.logged(name, "disk_space_low")
    failed = facts.logged(name, "wal_failed")
    reasons = [_REASONS[code] for code in sorted(write_errors(facts, name)) if code in _REASONS]
    if reasons:
        return [f"{counted(failed, 'write')} of its log of record failed, {listed(reasons)} (log, {by})"]
    if low or (failed and any(why_no_room(node))):
        return [
            f"{counted(max(low, failed), 'write')} of its log of record failed for want of room (log, {by})"
        ]
    stalled = node.disk.value is not None and (node.disk.value.io_stalled_percent or 0) >= STALLED_PERCENT
    if facts.logged_per_min(name, "wal_failed") >= FAILED_PER_MIN and not stalled:
        return [f"{counted(failed, 'write')} of its log of record failed for good (log, {by})"]
    return []
