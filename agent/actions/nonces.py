"""Challenges that make a grant fresh: single use, for one action, alive for a while on the boot clock."""

from __future__ import annotations

import secrets

from agent.boot import boottime_s

# More than a bot ever has open; the oldest goes first, so that asking without end costs no memory.
_MAX_OPEN = 256


class Nonces:
    """The open nonces, in memory only: a restart of the agent voids them all.

    Args:
        life_s: Seconds a nonce may be spent in, on CLOCK_BOOTTIME.
    """

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._open: dict[str, tuple[str, float]] = {}

    def issue(self, action_id: str) -> str:
        """Return a new nonce that only a grant for this action can spend."""
        while len(self._open) >= _MAX_OPEN:
            del self._open[next(iter(self._open))]
        nonce = secrets.token_urlsafe(32)
        self._open[nonce] = (action_id, boottime_s() + self._life_s)
        return nonce

    def spend(self, nonce: str, action_id: str) -> bool:
        """Use a nonce up, whatever comes of it; say whether it was good for this action."""
        issued = self._open.pop(nonce, None)
        return issued is not None and issued[0] == action_id and boottime_s() <= issued[1]
