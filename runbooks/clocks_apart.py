"""How far two nodes' clocks are apart: by what their NTP services say, or by the bot's own look at both.

The bot's look needs no NTP. It brackets a node's wall clock (Cristian), so two such looks differ by as much
as the two clocks do, whatever the bot's own clock shows, true within the sum of their bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

from runbooks.clocks import MAX_SKEW_MS, follows_true_time, look_at, says_time, witnessed_clocks
from runbooks.evidence import Clock, Evidence, WallClock
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


def clocks_apart(evidence: Evidence, believed: Mapping[str, Clock]) -> dict[Pair, Apart]:
    """Return by pair how far two clocks are apart; a pair of which nobody can tell is absent."""
    looks, witnessed = _looks(evidence), witnessed_clocks(evidence)
    found: dict[Pair, Apart] = {}
    for pair in combinations(evidence.names, 2):
        seen = _seen(pair, looks)
        if told := _told(pair, believed, surely=witnessed.issuperset(pair) and seen is not None):
            found[pair] = told
        elif last := seen or _adrift(pair, believed):
            found[pair] = last
    return found


def _told(pair: Pair, believed: Mapping[str, Clock], *, surely: bool) -> Apart | None:
    """Return what the NTP services say of two clocks, if that counts before the bot's look at them.

    It does where both follow true time, with `surely` only if it leaves nothing open: ntpd and timesyncd
    know of a clock that they are correcting only between which bounds it is.
    """
    one, other = (believed.get(name) for name in pair)
    if one is None or other is None or not (follows_true_time(one) and follows_true_time(other)):
        return None
    told = _by_their_words(pair, one, other)
    return None if surely and told.may_be_beyond and not told.is_surely_beyond else told


def _adrift(pair: Pair, believed: Mapping[str, Clock]) -> Apart | None:
    """Return what services that follow nothing say of two clocks: it counts only if they are surely off."""
    one, other = (believed.get(name) for name in pair)
    if one is None or other is None or not (says_time(one) and says_time(other)):
        return None
    told = _by_their_words(pair, one, other)
    return told if told.is_surely_beyond else None


def _by_their_words(pair: Pair, one: Clock, other: Clock) -> Apart:
    by = f"{one.kept_by} on agent:{pair[0]} and agent:{pair[1]}"
    if one.kept_by != other.kept_by:
        by = f"{one.kept_by} on agent:{pair[0]}, {other.kept_by} on agent:{pair[1]}"
    return Apart(abs(one.offset_ms - other.offset_ms), one.error_ms + other.error_ms, by)


def _looks(evidence: Evidence) -> dict[str, WallClock]:
    return {node.node: look for node in evidence.nodes if (look := look_at(node))}


def _seen(pair: Pair, looks: Mapping[str, WallClock]) -> Apart | None:
    one, other = (looks.get(name) for name in pair)
    if one is None or other is None:
        return None
    error_ms = one.error_ms + other.error_ms
    whose = f"measured from here, ±{milliseconds(error_ms)}"
    return Apart(abs(one.ahead_ms - other.ahead_ms), error_ms, whose, is_seen_from_here=True)


def seen_together(evidence: Evidence) -> tuple[str, ...]:
    """Return the most nodes whose clocks, by the bot's look, are surely within the limit of each other.

    Those lie in one span of that length with their bounds, so a clock that is hardly known is in none.
    """
    looks = _looks(evidence)
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
    looks = _looks(evidence)
    seen = (_seen(pair, looks) for pair in combinations(looks, 2))
    return max((each for each in seen if each), key=lambda each: each.ms + each.error_ms, default=None)
