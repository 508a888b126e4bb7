"""What keeps a node from being a member that serves: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause

_WAIT = "Wait, and do not restart it: each start begins the replay of its log anew."


class NodeCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    LEADER_FIRST = "leader_first"
    NO_ROOM_TO_RUN = "no_room_to_run"
    CONFIG_BROKEN = "config_broken"
    LOG_DAMAGED = "log_damaged"
    OUT_OF_MEMORY = "out_of_memory"
    KEEPS_CRASHING = "keeps_crashing"
    NODE_STOPPED = "node_stopped"
    NODE_HANGS = "node_hangs"
    NODE_UNREACHABLE = "node_unreachable"
    NOT_FOLLOWING = "not_following"
    SNAPSHOT_STUCK = "snapshot_stuck"
    STAYS_BEHIND = "stays_behind"
    NOT_SERVING_YET = "not_serving_yet"
    CLOSING_THE_GAP = "closing_the_gap"
    PAGE_UNSEEN = "page_unseen"
    ALL_SERVE = "all_serve"
    NODE_NOT_KNOWN = "node_not_known"


_ROWS = (
    Cause(
        NodeCause.LEADER_FIRST,
        title="No leader to catch up with",
        sentence="nobody leads, so no node can catch up",
        by_hand="Mend the election first: the thread of `NoLeader` has the steps and the buttons.",
    ),
    Cause(
        NodeCause.NO_ROOM_TO_RUN,
        title="No room for its log",
        sentence="{nodes} cannot write the log of record",
        by_hand="Make room (bytes, inodes, quota) or make it writable, then start it; never delete the log.",
    ),
    Cause(
        NodeCause.CONFIG_BROKEN,
        title="Its configuration is broken",
        sentence="the configuration file of {nodes} cannot be read as TOML",
        by_hand="Correct the file (`neumann --config FILE --validate`), then start the node.",
    ),
    Cause(
        NodeCause.LOG_DAMAGED,
        title="Its log of record is damaged",
        sentence="the log of record of {nodes} is damaged",
        by_hand=(
            "Do not restart it: it may not come up. Keep a copy of its data folder before anything else."
            " Rebuild it from the leader only while every other node serves: with its log it forgets what it"
            " voted for and had stored. Never run `neumann-admin wal-repair --skip-corrupted` to get it up:"
            " it drops entries without a word."
        ),
    ),
    Cause(
        NodeCause.OUT_OF_MEMORY,
        title="Runs out of memory",
        sentence="the kernel kills the process on {nodes} for want of memory, again and again",
        by_hand="Give it more memory, or take the load off it; replaying a large log needs the most.",
    ),
    Cause(
        NodeCause.KEEPS_CRASHING,
        title="Keeps crashing",
        sentence="the process on {nodes} ends again and again",
        by_hand="`journalctl -u neumann` there says why it ends. Mend that, then start it once.",
    ),
    Cause(
        NodeCause.NODE_STOPPED,
        title="Stopped node",
        sentence="{nodes} stopped",
    ),
    Cause(
        NodeCause.NODE_HANGS,
        title="Hung node",
        sentence="the process on {nodes} hangs",
    ),
    Cause(
        NodeCause.NODE_UNREACHABLE,
        title="Host not reachable",
        sentence="nothing of {nodes} answers anybody: power or network",
        by_hand="Look at its console: a host that is down and one that is cut off look the same from here.",
    ),
    Cause(
        NodeCause.NOT_FOLLOWING,
        title="Does not follow the leader",
        sentence="the leader is not followed by {nodes}",
        by_hand="Check the rules for 7878 and 7879, the routes and the peer list between it and the leader.",
    ),
    Cause(
        NodeCause.SNAPSHOT_STUCK,
        title="Snapshot does not arrive",
        sentence="the snapshot that {nodes} waits for fails to arrive",
        by_hand=(
            "Check the link to the leader, and disk and memory of both. Then have the leader make a new one:"
            " `curl -X POST http://LEADER:9090/admin/snapshot`. Delete nothing under raft/ to hurry it on."
        ),
    ),
    Cause(
        NodeCause.STAYS_BEHIND,
        title="Does not catch up",
        sentence="the gap between {nodes} and the leader does not close",
        by_hand=(
            "Check its link to the leader, its disk and its memory; beyond 1,000 entries `HighReplicationLag`"
            " opens a thread that says why."
        ),
    ),
    Cause(
        NodeCause.NOT_SERVING_YET,
        title="Runs and does not serve yet",
        sentence="the process on {nodes} runs and serves nothing yet",
        by_hand=f"{_WAIT} Takes it longer than ten minutes, see in its log whether it could bind its ports.",
    ),
    Cause(
        NodeCause.CLOSING_THE_GAP,
        title="On its way back",
        sentence="the gap between {nodes} and the leader closes",
        by_hand=_WAIT,
    ),
    Cause(
        NodeCause.PAGE_UNSEEN,
        title="Serves, and is not seen",
        sentence="the page of {nodes} answers there, and cannot be reached from here",
        by_hand="Mend the way from Prometheus and the bot to port 9090 of it; the node needs nothing.",
    ),
    Cause(
        NodeCause.ALL_SERVE,
        title="Every node serves",
        sentence="every node serves",
        needs_no_remedy=True,
    ),
    Cause(
        NodeCause.NODE_NOT_KNOWN,
        title="Not known",
        sentence="too little could be read of {nodes} to say how it is",
        by_hand="Look at that node itself: `systemctl status neumann` and `curl -s localhost:9090/health`.",
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}
