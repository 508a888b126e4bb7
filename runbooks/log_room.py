"""Whether a node's disk has room for its log of record."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.evidence import Disk, NodeEvidence
from runbooks.wording import counted

WAL_NEEDS_FREE_BYTES = 100 * 1024 * 1024
"""Below this Neumann refuses to write its log, and so to vote, to stand or to append (raft_wal.rs)."""

ALERT_FREE_BYTES = 10 * 2**30
"""DiskSpaceLow of Neumann's capacity-planning runbook fires below it, a hundred times above the hard stop."""

NEEDS_FREE_INODES = 8
"""A rotation of the log needs a file or two; with fewer inodes than this, none may be had."""


def lacks_room(node: NodeEvidence) -> bool:
    """Return whether a node's disk has no room for its log of record, so that it would start in vain."""
    return bool(why_no_room(node))


def why_no_room(node: NodeEvidence) -> tuple[str, ...]:
    """Return why a node's log of record cannot be written, a phrase each; empty where nothing says so."""
    return tuple(f"{said} ({node.disk.by})" for said in _of_disk(node.disk.value)) if node.disk.value else ()


def bytes_said(free_bytes: float) -> str:
    """Return a size as people read it, never rounded up to the limit that it is below."""
    if free_bytes >= 2**30:
        return f"{free_bytes * 10 // 2**30 / 10:.1f} GiB"
    return f"{free_bytes // 2**20:.0f} MiB"


def _of_disk(disk: Disk) -> Iterator[str]:
    if disk.free_bytes < WAL_NEEDS_FREE_BYTES:
        yield f"{disk.free_bytes / 2**20:.0f} MiB free, its log of record needs 100"
    if disk.free_inodes is not None and disk.free_inodes < NEEDS_FREE_INODES:
        yield f"{counted(disk.free_inodes, 'inode')} left, though bytes are free"
    if disk.read_only:
        yield "its file system is read-only"
