"""What the lab's nodes replicate, and what pysyncobj has no public names for; its version is pinned."""

from __future__ import annotations

import time
from typing import Any

from pysyncobj import SyncObj, replicated


class State(SyncObj):  # type: ignore[misc]  # pysyncobj has no types
    """The replicated state: a counter, so that there is something to commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # passed through untyped
        super().__init__(*args, **kwargs)
        self.count = 0

    @replicated  # type: ignore[untyped-decorator]
    def add(self) -> None:
        """Count one on, on every node."""
        self.count += 1

    def last_entry(self) -> tuple[int, int]:
        """Return term and index of the last entry: the greater, the newer the log."""
        return int(self._SyncObj__getCurrentLogTerm()), int(self._SyncObj__getCurrentLogIndex())

    def is_about_to_stand(self) -> bool:
        """Return whether the next tick starts an election."""
        overdue = bool(self._SyncObj__raftElectionDeadline < time.monotonic())
        return overdue and not self._isLeader() and bool(self._SyncObj__connectedToAnyone())

    def _SyncObj__sendNextNodeIdx(self, *to: Any, **answer: Any) -> None:  # noqa: ANN401, N802
        """Ask a leader whose entries do not follow on this log's for all after the last committed one.

        pysyncobj goes back by one entry each heartbeat: after a storm of elections that takes minutes.
        """
        if answer.get("reset"):
            answer["nextNodeIdx"] = self.raftCommitIndex + 1
        super()._SyncObj__sendNextNodeIdx(*to, **answer)

    def stand_later(self) -> None:
        """Draw the election timeout anew."""
        self._SyncObj__raftElectionDeadline = time.monotonic() + self._SyncObj__generateRaftTimeout()
