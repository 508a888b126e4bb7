"""What ails a node's process from inside: a file in the node's folder, read again while it runs."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

CONDITION_FILE = "condition.json"
REREAD_S = 0.05


@dataclass(frozen=True)
class Condition:
    """How a process is; what is false, zero or absent is sound.

    Args:
        raft_task_dead: Raft does nothing any more, while gossip and the metrics page go on.
        appends_refused: A leader's entries are not taken, though its heartbeats are heard.
        wal_failures: How many tries of each write to the log of record fail, of the three there are.
        certificate_expired: No peer shakes hands with this node.
        ends_after_s: How many seconds after its start the process is killed, as by the kernel out of memory.
        applies_nothing: It takes entries, and applies none.
        is_busy: A leader takes a write every few milliseconds instead of two a second.
        of_pid: The process that is so; the next one is sound again. None: every process of this node.
        replays: It replays its log, and listens nowhere until that is over.
        memory_share: How much of its memory limit it says it takes; 0 is what it really does.
        stands_unheard: Told to stand by a leader that hands over, it asks nobody for a vote in that term.
        deadlocks_per_s: How many deadlocks it finds, of which it aborts no victim.
        transactions: How many transactions run on it.
    """

    raft_task_dead: bool = False
    appends_refused: bool = False
    wal_failures: int = 0
    certificate_expired: bool = False
    ends_after_s: float | None = None
    replays: bool = False
    applies_nothing: bool = False
    is_busy: bool = False
    of_pid: int | None = None
    memory_share: float = 0.0
    stands_unheard: bool = False
    deadlocks_per_s: float = 0.0
    transactions: int = 0


SOUND = Condition()


class ConditionFile:
    """The condition of the node in `folder`, as it is now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = time.monotonic()
        self._read_at = float("-inf")
        self._condition = SOUND

    def now(self) -> Condition:
        """Return the condition, at most 50 ms old."""
        if time.monotonic() - self._read_at > REREAD_S:
            found = read_condition(self._folder)
            self._condition = found if found.of_pid in (None, os.getpid()) else SOUND
            self._read_at = time.monotonic()
        return self._condition

    def end_if_due(self) -> None:
        """Kill this very process if its time has come."""
        ends_after_s = self.now().ends_after_s
        if ends_after_s is not None and time.monotonic() - self._started >= ends_after_s:
            os.kill(os.getpid(), signal.SIGKILL)


def read_condition(folder: Path) -> Condition:
    """Return the condition of the node in `folder`; without a file it is sound."""
    file = folder / CONDITION_FILE
    return Condition(**json.loads(file.read_text())) if file.exists() else SOUND


def write_condition(folder: Path, condition: Condition) -> None:
    """Let the node in `folder` be in this condition."""
    fresh = folder / f"{CONDITION_FILE}.new"
    fresh.write_text(json.dumps(asdict(condition)))
    fresh.replace(folder / CONDITION_FILE)  # in one step: a reader never sees half a file
