"""How often each Web API method may be called: Slack's published tiers as token buckets."""

import math
import time
from collections.abc import Callable

TIER_2, TIER_3, TIER_4 = 20, 50, 100  # calls a minute
PER_MINUTE = {
    "conversations.list": TIER_2,
    "pins.add": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.list": TIER_2,
    "chat.delete": TIER_3,
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "reactions.add": TIER_3,
    "team.info": TIER_3,
    "chat.postEphemeral": TIER_4,
    "conversations.members": TIER_4,
    "users.info": TIER_4,
    "views.open": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
# One message a second and channel; Slack allows "short bursts" and gives no number, so this is a guess.
POST_BURST = 5


class RateLimits:
    """Token buckets, one a method (for chat.postMessage: one a channel). Methods of no known tier pass."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, object], tuple[float, float]] = {}  # tokens left, and when

    def take(self, method: str, channel: object) -> int:
        """Count one call. Give 0 if it may pass, else the whole seconds to wait."""
        if method == "chat.postMessage":
            return self._take((method, channel), POST_BURST, 1.0)
        if method not in PER_MINUTE:
            return 0
        return self._take((method, None), PER_MINUTE[method], PER_MINUTE[method] / 60)

    def _take(self, bucket: tuple[str, object], size: float, per_second: float) -> int:
        now_s = self._monotonic()
        left, since_s = self._buckets.get(bucket, (size, now_s))
        left = min(size, left + (now_s - since_s) * per_second)
        may_pass = left >= 1
        self._buckets[bucket] = (left - 1 if may_pass else left, now_s)
        return 0 if may_pass else math.ceil((1 - left) / per_second)
