"""What makes transactions deadlock more than they do: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause


class DeadlockCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    VICTIMS_NOT_ABORTED = "victims_not_aborted"
    LINKS_HOLD_LOCKS = "links_hold_locks"
    DISK_HOLDS_LOCKS = "disk_holds_locks"
    TRANSACTIONS_TOO_MANY = "transactions_too_many"
    HOT_KEYS = "hot_keys"
    DEADLOCKS_AS_USUAL = "deadlocks_as_usual"
    DEADLOCKS_UNEXPLAINED = "deadlocks_unexplained"
    DEADLOCKS_OVER = "deadlocks_over"


_ONE_ABORT = (
    "One transaction that is in the way: `neumann-admin deadlock list` names it, `neumann-admin tx abort TX`"
    " ends it; its client must try again."
)
_NEVER = (
    "Never run `neumann-admin tx clear-pending`, which ends them all, and never set"
    " `auto_abort_victim = false`, with which every deadlock stands until its locks time out."
)
_CLIENTS = (
    "In the clients: lock keys in one order everywhere, keep transactions short, and try again after a pause"
    " that is drawn at random."
)

_ROWS = (
    Cause(
        DeadlockCause.VICTIMS_NOT_ABORTED,
        title="Victims are not aborted",
        sentence="{nodes} finds deadlocks and aborts nobody, so they stand",
        by_hand="See that `enabled = true` and `auto_abort_victim = true` stand under `[deadlock]` in its"
        " configuration; where they had to be changed, restart one node after the other."
        f" {_ONE_ABORT} {_NEVER}",
    ),
    Cause(
        DeadlockCause.LINKS_HOLD_LOCKS,
        title="Slow links hold locks",
        sentence="transactions of {nodes} hold their locks while messages to other nodes are slow or lost",
        by_hand=f"Mend the link that is named; the deadlocks end with it. {_NEVER}",
    ),
    Cause(
        DeadlockCause.DISK_HOLDS_LOCKS,
        title="A slow disk holds locks",
        sentence="transactions of {nodes} hold their locks while its disk writes",
        by_hand="Find what else writes to that disk (iotop, pidstat -d), or move the log to a faster one."
        f" {_NEVER}",
    ),
    Cause(
        DeadlockCause.TRANSACTIONS_TOO_MANY,
        title="More transactions than usual",
        sentence="more transactions run on {nodes} than usual, and meet each other more often",
        by_hand=f"Slow down the client that sends them, or let it send fewer at a time. {_CLIENTS} {_NEVER}",
    ),
    Cause(
        DeadlockCause.HOT_KEYS,
        title="Hot keys, or locks in another order",
        sentence="as many transactions as ever run on {nodes} and now lock the same keys against each other",
        by_hand=f"Ask what clients were changed, and take it back. {_CLIENTS} {_ONE_ABORT} {_NEVER}",
    ),
    Cause(
        DeadlockCause.DEADLOCKS_AS_USUAL,
        title="As many deadlocks as ever",
        sentence="transactions on {nodes} always deadlock as often",
        by_hand=f"It is how its clients lock, and no incident of today. {_CLIENTS} {_NEVER}",
    ),
    Cause(
        DeadlockCause.DEADLOCKS_UNEXPLAINED,
        title="Deadlocks, why not known",
        sentence="transactions on {nodes} deadlock, and nothing that was read says why",
        by_hand=f"`grep -i deadlock` in its log names the transactions of each cycle. {_ONE_ABORT} {_NEVER}",
    ),
    Cause(
        DeadlockCause.DEADLOCKS_OVER,
        title="Few deadlocks",
        sentence="no node finds more deadlocks than the alert allows",
        needs_no_remedy=True,
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}
