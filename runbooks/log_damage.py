"""Whether a node's log of record is damaged, by what its process wrote of it."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence
from runbooks.wording import counted


def why_damaged(node: NodeEvidence) -> tuple[str, ...]:
    """Return what a node's newest lines tell of a checksum that does not match, as a phrase, or nothing.

    What a process that ended wrote last stays the newest, however long ago that was.
    """
    count = node.log.value.counts.get("wal_damaged", 0) if node.log.value else 0
    if not count:
        return ()
    return (f"{counted(count, 'line')} of its log: a checksum does not match (log, {node.log.by})",)


def may_be_damaged(node: NodeEvidence) -> bool:
    """Return whether a log was told to be damaged, and nothing shows that it was read whole since."""
    return bool(why_damaged(node)) and is_told_by_this_process(node) is not False


def is_told_by_this_process(node: NodeEvidence) -> bool | None:
    """Return whether the process that runs wrote those lines; `None` where its start may lie among them.

    Neumann does not start on a log that is damaged, so one that was started after them has read a sound one.
    """
    log = node.log.value
    running_s = node.service.value.running_s if node.service.value else None
    if log is None or log.silent_s is None or running_s is None:
        return None
    if running_s >= log.silent_s + log.window_s:
        return True
    return False if running_s < log.silent_s else None
