"""Leadership handed on when somebody asks: one at a time, and given up after a second, as Neumann does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

TRANSFER_S = 1.0
"""Neumann's own patience."""

ANSWER_S = 5.0


class Transfers:
    """Asked from any thread, carried out by the member's own.

    Args:
        ids: What Raft calls each peer, by its name.
        leads: Whether this node leads at this moment.
        send: Sends a peer of that id TimeoutNow; False while it has not caught up.
    """

    def __init__(
        self, ids: Mapping[str, str], leads: Callable[[], bool], send: Callable[[str], bool]
    ) -> None:
        self._ids = ids
        self._leads = leads
        self._send = send
        self._lock = threading.Lock()
        self._asked: str | None = None
        self._sent = False
        self._give_up_at = 0.0
        self._ended = threading.Event()
        self._refusal: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Return whether the leader is handing over, and takes no writes meanwhile."""
        return self._asked is not None

    def ask(self, to: str) -> str | None:
        """Hand over, and wait for what comes of it; return what Neumann says where it refuses."""
        if not self._leads():
            return "not leader"
        if to not in self._ids:
            return f"peer not found: {to}"
        with self._lock:
            if self._asked is not None:
                return "leadership transfer in progress"
            self._ended.clear()
            self._sent, self._give_up_at = False, time.monotonic() + TRANSFER_S
            self._asked = to
        return self._refusal if self._ended.wait(ANSWER_S) else "the node does not answer"

    def tick(self) -> None:
        """Do what is due, from the member's thread."""
        if self._asked is None:
            return
        if not self._leads():
            self._end(None if self._sent else "not leader")
        elif time.monotonic() >= self._give_up_at:
            self._end(f"leadership transfer to {self._asked} timed out after {TRANSFER_S * 1000:.0f}ms")
        elif not self._sent:
            self._sent = self._send(self._ids[self._asked])

    def _end(self, refusal: str | None) -> None:
        self._refusal, self._asked = refusal, None
        self._ended.set()


def sender(state: Any) -> Callable[[str], bool]:  # noqa: ANN401  # pysyncobj has no types
    """Return what sends TimeoutNow for a member of pysyncobj, which refuses to while the peer lags."""

    def send(peer_id: str) -> bool:
        why: list[object] = []
        state.transferLeadership(peer_id, lambda _, reason: why.append(reason))
        return why == [0]  # FAIL_REASON.SUCCESS

    return send
