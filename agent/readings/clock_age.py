"""How old an NTP service's word about the clock is, and whether it still tells about that clock."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from agent.protocol import ClockDoubt

_MISSED_POLLS, _USUAL_POLL_S = 8, 64.0
"""After so many polls without an answer a reach register is 0. At their start services poll more often."""
_FUTURE_S = 1.0
"""The update lies in the future where somebody has put the clock back since."""


def doubts_of_age(age_s: float, interval_s: float) -> tuple[ClockDoubt, ...] | UnsetType:
    """Say whether the last update, so old by the clock it has set, still tells about that clock."""
    if age_s < -_FUTURE_S:
        return ("set_back",)
    return ("stale",) if age_s > _MISSED_POLLS * max(interval_s, _USUAL_POLL_S) else UNSET
