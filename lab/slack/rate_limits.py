"""How often each Web API method may be called: Slack's published tiers as token buckets."""

import math
import time
from collections.abc import Callable

from lab.slack.methods.table import METHODS

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
        per_minute = METHODS[method].calls_per_minute if method in METHODS else None
        return self._take((method, None), per_minute, per_minute / 60) if per_minute else 0

    def _take(self, bucket: tuple[str, object], size: float, per_second: float) -> int:
        now_s = self._monotonic()
        left, since_s = self._buckets.get(bucket, (size, now_s))
        left = min(size, left + (now_s - since_s) * per_second)
        may_pass = left >= 1
        self._buckets[bucket] = (left - 1 if may_pass else left, now_s)
        return 0 if may_pass else math.ceil((1 - left) / per_second)
