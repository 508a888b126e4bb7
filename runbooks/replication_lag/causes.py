"""What leaves a node behind: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause


class LagCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    NO_LEADER = "no_leader"
    LOG_FULL = "log_full"
    LINK_TO_LEADER = "link_to_leader"
    DISK_TOO_SLOW = "disk_too_slow"
    APPLY_STUCK = "apply_stuck"
    REPLAYING = "replaying"
    CATCHING_UP = "catching_up"
    WRITES_TOO_MANY = "writes_too_many"
    LAG_OVER = "lag_over"
    LAG_UNEXPLAINED = "lag_unexplained"


_ROWS = (
    Cause(
        LagCause.NO_LEADER,
        title="No leader",
        sentence="nobody leads, so nothing is replicated",
        by_hand="Mend the election first: `/neumann election status` says what keeps it.",
    ),
    Cause(
        LagCause.LOG_FULL,
        title="No room for the log",
        sentence="the log of record cannot be written",
        by_hand="Make room (bytes, inodes, quota) or make it writable; never delete the write-ahead log.",
    ),
    Cause(
        LagCause.LINK_TO_LEADER,
        title="Link to the leader",
        sentence="the link to the leader is cut or loses packets",
        by_hand="Check the firewall rules for 7878, the routes and the switch between these hosts.",
    ),
    Cause(
        LagCause.DISK_TOO_SLOW,
        title="Disk too slow",
        sentence="the disk is too slow",
        by_hand="Find what else writes to that disk (iotop, pidstat -d), or move the log to a faster one.",
    ),
    Cause(
        LagCause.APPLY_STUCK,
        title="Applies nothing",
        sentence="the process runs and applies nothing",
    ),
    Cause(
        LagCause.REPLAYING,
        title="Catching up after a restart",
        sentence="started a moment ago, and catching up",
        by_hand="Wait; do not restart it again: each start begins the replay anew.",
    ),
    Cause(
        LagCause.CATCHING_UP,
        title="Catching up",
        sentence="the gap closes by itself",
        by_hand="Wait, and see that the gap goes on closing.",
    ),
    Cause(
        LagCause.WRITES_TOO_MANY,
        title="More writes than followers apply",
        sentence="the leader commits faster than any follower applies",
        by_hand="Slow the writers down, or split large transactions; then see the gap close.",
    ),
    Cause(
        LagCause.LAG_OVER,
        title="No node is behind",
        sentence="no node is behind any more",
        needs_no_remedy=True,
    ),
    Cause(
        LagCause.LAG_UNEXPLAINED,
        title="None of the known causes",
        sentence="nothing that was read says why",
        by_hand="Look at that node's log for snapshots and large messages, and at its memory and CPU.",
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}
