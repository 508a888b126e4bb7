"""What lets two nodes call themselves leader: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause

_NEVER = "Never delete anything under raft/, and do not resolve conflicts in bulk"


class SplitCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    ONE_TERM_TWICE = "one_term_twice"
    BOTH_SIDES_COMMIT = "both_sides_commit"
    STALE_LEADER_CUT_OFF = "stale_leader_cut_off"
    STALE_LEADER_STUCK = "stale_leader_stuck"
    STALE_LEADER = "stale_leader"
    HANDOVER = "handover"
    ONE_LEADER = "one_leader"
    TOO_FEW_READ = "too_few_read"


_ROWS = (
    Cause(
        SplitCause.ONE_TERM_TWICE,
        title="Two leaders in one term",
        sentence="{nodes} lead the same term, which one history of votes cannot give",
        by_hand=(
            f"Stop all writers now. {_NEVER}. Keep a copy of both nodes' data, find what was cloned, restored"
            " or bootstrapped twice, and compare what each has committed before anything is started again."
        ),
    ),
    Cause(
        SplitCause.BOTH_SIDES_COMMIT,
        title="Both leaders commit",
        sentence="{nodes} both go on committing, so they lead two clusters",
        by_hand=(
            f"Stop all writers now. {_NEVER}. Compare the peer lists of both sides, and what each has"
            " committed since they parted."
        ),
    ),
    Cause(
        SplitCause.STALE_LEADER_CUT_OFF,
        title="A stale leader, cut off",
        sentence="{nodes} leads an old term, cut off from the majority",
        by_hand="Restore the link: as soon as it hears the new term, it steps down by itself.",
    ),
    Cause(
        SplitCause.STALE_LEADER_STUCK,
        title="A stale leader that does not step down",
        sentence="{nodes} leads an old term, though it can hear the new one",
    ),
    Cause(
        SplitCause.STALE_LEADER,
        title="A stale leader",
        sentence="{nodes} leads an old term and commits nothing",
        by_hand="See whether it reaches the others; until it steps down, it answers with old data.",
    ),
    Cause(
        SplitCause.HANDOVER,
        title="A change of leader",
        sentence="leadership was passing on while it was read",
        by_hand="Read again in a moment.",
    ),
    Cause(
        SplitCause.ONE_LEADER,
        title="One leader",
        sentence="one node leads, and no other claims to",
        needs_no_remedy=True,
    ),
    Cause(
        SplitCause.TOO_FEW_READ,
        title="Not known",
        sentence="too little could be read to say who leads",
        by_hand="Look at the pages of the nodes that were not read: a second leader may be among them.",
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}
