"""What takes a node's disk, memory or CPU: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause


class CapacityCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    LOG_STOPPED = "log_stopped"
    KILLED_FOR_MEMORY = "killed_for_memory"
    LOG_GROWS = "log_grows"
    DATA_GROWS = "data_grows"
    OTHERS_FILL_DISK = "others_fill_disk"
    DISK_TAKEN = "disk_taken"
    MEMORY_GROWS = "memory_grows"
    MEMORY_TIGHT = "memory_tight"
    WRITES_HEAVY = "writes_heavy"
    CPU_AS_USUAL = "cpu_as_usual"
    DISK_UNEXPLAINED = "disk_unexplained"
    MEMORY_UNEXPLAINED = "memory_unexplained"
    CPU_UNEXPLAINED = "cpu_unexplained"
    CAPACITY_ENOUGH = "capacity_enough"


_NEVER = (
    "Never delete or move files of the data folder or of the write-ahead log: the node's votes are in it."
)
_WHAT_TAKES_IT = "`du -xh --max-depth=2 / | sort -h | tail` on that node says what takes the space."

_ROWS = (
    Cause(
        CapacityCause.LOG_STOPPED,
        title="No room: the log has stopped",
        sentence="the log of record of {nodes} cannot be written, so it takes no writes and gives no votes",
        by_hand=f"Make room now, or enlarge the volume. {_WHAT_TAKES_IT} {_NEVER}",
    ),
    Cause(
        CapacityCause.KILLED_FOR_MEMORY,
        title="Killed for want of memory",
        sentence="the kernel ended Neumann on {nodes} for want of memory",
        by_hand="Raise its memory limit, or give the host more; it will be killed again at the same load."
        " `journalctl -k -g 'out of memory'` has the kernel's word.",
    ),
    Cause(
        CapacityCause.LOG_GROWS,
        title="The log is not compacted",
        sentence="the write-ahead log takes the disk of {nodes} and is not compacted",
        by_hand="Take a snapshot, after which the log is compacted: on that node"
        " `curl -X POST http://localhost:9090/admin/snapshot`, then see tensor_chain_wal_size_bytes fall."
        f" {_NEVER}",
    ),
    Cause(
        CapacityCause.DATA_GROWS,
        title="The data grows",
        sentence="what Neumann stores takes the disk of {nodes}",
        by_hand=f"Enlarge the volume before the day that is named, or let clients store less. {_NEVER}",
    ),
    Cause(
        CapacityCause.OTHERS_FILL_DISK,
        title="Something else fills the disk",
        sentence="something other than Neumann takes the disk of {nodes}",
        by_hand=f"{_WHAT_TAKES_IT} Stop it: backups, core dumps and log files are usual. {_NEVER}",
    ),
    Cause(
        CapacityCause.DISK_TAKEN,
        title="Little disk left",
        sentence="little is free on {nodes}, and it does not become less",
        by_hand=f"Enlarge the volume, or free it of what is not Neumann's. {_WHAT_TAKES_IT} {_NEVER}",
    ),
    Cause(
        CapacityCause.MEMORY_GROWS,
        title="Memory grows",
        sentence="the memory of {nodes} grows towards its limit",
        by_hand="Raise the limit before the day that is named, and see what grows with it: entries, or"
        " nothing, which is a leak. A restart gains time and mends neither.",
    ),
    Cause(
        CapacityCause.MEMORY_TIGHT,
        title="Memory limit too low",
        sentence="{nodes} needs nearly all the memory that it may have, and no more than that",
        by_hand="Raise its memory limit (`max_memory_mb`, and the unit's or the pod's), one node after the"
        " other, or let clients store less.",
    ),
    Cause(
        CapacityCause.WRITES_HEAVY,
        title="More writes than usual",
        sentence="{nodes} is busy with more writes than usual",
        by_hand="Find the client that writes so much, and slow it down or batch its writes; else add CPU.",
    ),
    Cause(
        CapacityCause.CPU_AS_USUAL,
        title="CPU as usual",
        sentence="{nodes} always takes as much CPU",
        by_hand="The alert fires at 0.9 of one core, however many there are: set it to what the host has, or"
        " add CPU if clients wait.",
    ),
    Cause(
        CapacityCause.DISK_UNEXPLAINED,
        title="Little disk left, why not known",
        sentence="little is free on {nodes}, and nothing that was read says what takes it",
        by_hand=f"{_WHAT_TAKES_IT} {_NEVER}",
    ),
    Cause(
        CapacityCause.MEMORY_UNEXPLAINED,
        title="Memory near its limit, why not known",
        sentence="{nodes} is near its memory limit, and it is not known whether it grows",
        by_hand="Watch tensor_chain_memory_usage_bytes for an hour: where it grows, the limit will be met.",
    ),
    Cause(
        CapacityCause.CPU_UNEXPLAINED,
        title="CPU busy, why not known",
        sentence="{nodes} takes much CPU, and nothing that was read says for what",
        by_hand="On that node `top -H -p $(pgrep -o neumann)` names the busy thread; look at elections and"
        " deadlocks too.",
    ),
    Cause(
        CapacityCause.CAPACITY_ENOUGH,
        title="Enough of everything",
        sentence="disk, memory and CPU are within what the alerts allow",
        needs_no_remedy=True,
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}
