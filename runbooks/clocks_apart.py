"""How far two nodes' clocks are apart: by what their NTP services say, or by the bot's own look at both.

The bot's look needs no NTP. It brackets a node's wall clock (Cristian), so two such looks differ by as much
as the two clocks do, whatever the bot's own clock shows, true within the sum of their bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

from runbooks.clocks import MAX_SKEW_MS, follows_true_time, look_at, says_time
from runbooks.evidence import Clock, Evidence
from runbooks.raft import Pair
from runbooks.wording import milliseconds


class Apart(NamedTuple):
    """How far two clocks are apart, true within `error_ms`; `whose` says in words who measured it."""

    ms: float
    error_ms: float
    whose: str
    is_seen_from_here: bool = False

    @property
    def is_surely_beyond(self) -> bool:
        """Return whether they differ by more than the limit, the bounds taken off."""
        return self.ms - self.error_ms > MAX_SKEW_MS

    @property
    def may_be_beyond(self) -> bool:
        """Return whether they could differ by more than the limit."""
        return self.ms + self.error_ms > MAX_SKEW_MS


def apart(evidence: Evidence, believed: Mapping[str, Clock], pair: Pair) -> Apart | None:
    """Return how far two clocks are apart; `None` where neither NTP nor the bot can tell.

    Two clocks that follow true time are judged by their services; else the bot's look counts, before the
    word of a service that follows nothing.
    """
    one, other = (believed.get(name) for name in pair)
    if one and other and follows_true_time(one) and follows_true_time(other):
        return _told(pair, one, other)
    if seen := seen_apart(evidence, pair):
        return seen
    if one and other and says_time(one) and says_time(other):
        # What it lacks of a source, no bound of its own makes good.
        told = _told(pair, one, other)
        return told if told.is_surely_beyond else None
    return None


def _told(pair: Pair, one: Clock, other: Clock) -> Apart:
    by = (
        f"{one.kept_by} on agent:{pair[0]} and agent:{pair[1]}"
        if one.kept_by == other.kept_by
        else f"{one.kept_by} on agent:{pair[0]}, {other.kept_by} on agent:{pair[1]}"
    )
    return Apart(abs(one.offset_ms - other.offset_ms), one.error_ms + other.error_ms, by)


def seen_apart(evidence: Evidence, pair: Pair) -> Apart | None:
    """Return how far two clocks are apart by the bot's look at both, if it has one."""
    one, other = (look_at(evidence.node(name)) for name in pair)
    if one is None or other is None:
        return None
    error_ms = one.error_ms + other.error_ms
    whose = f"measured from here, ±{milliseconds(error_ms)}"
    return Apart(abs(one.ahead_ms - other.ahead_ms), error_ms, whose, is_seen_from_here=True)


def seen_together(evidence: Evidence) -> tuple[str, ...]:
    """Return the most nodes whose clocks, by the bot's look, are surely within the limit of each other.

    Those lie in one span of that length with their bounds, so a clock that is hardly known is in none.
    """
    looks = {node.node: look for node in evidence.nodes if (look := look_at(node))}
    best: tuple[str, ...] = ()
    for start in looks.values():
        low = start.ahead_ms - start.error_ms
        held = tuple(
            name
            for name, look in looks.items()
            if look.ahead_ms - look.error_ms >= low and look.ahead_ms + look.error_ms - low <= MAX_SKEW_MS
        )
        best = max(best, held, key=len)
    return best


def widest_seen(evidence: Evidence) -> Apart | None:
    """Return the two clocks that the bot sees furthest apart, errors counted in."""
    seen = (seen_apart(evidence, pair) for pair in combinations(evidence.names, 2))
    return max((each for each in seen if each), key=lambda each: each.ms + each.error_ms, default=None)
