"""What is believed of each node's clock: its NTP service's word, held against the bot's own look at it.

chronyd knows of a jump only at its next poll, up to 17 minutes later, and vouches for the clock until then.
The bot brackets every node's wall clock by its own. With that, each node's chrony says how far the bot's
clock is off, and true time is where most of them agree (Marzullo), the bot's own clock counting as one. Who
does not agree is as uncertain as its two readings are apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from runbooks.evidence import Clock, ClockKeeper, Evidence, NodeEvidence, WallClock

MAX_SKEW_MS = 500.0
"""The limit of the clock offset, from Neumann's leader-election runbook."""

_LOCAL_REFERENCE = re.compile(
    r"7F7F[0-9A-F]{4}|127\.127(?:\.\d{1,3}){2}|4D414E55|MANU|LOCAL(?:\(\d{1,3}\))?|\.?LOCL\.?", re.IGNORECASE
)
"""How chrony and ntpd name a host's own clock and one that was set by hand: neither follows true time."""

AGREE_MS = 100.0
"""By how much more than their bounds witnesses may differ: chrony slews by 83 ms/s between the two looks."""


class _Span(NamedTuple):
    """An interval in ms."""

    low: float
    high: float

    def meets(self, other: _Span) -> bool:
        return self.low <= other.high and other.low <= self.high


def believed_clocks(evidence: Evidence) -> dict[str, Clock]:
    """Return by node the clocks that could be read; one without a witness that it needs counts as unread."""
    spans = _bot_is_ahead_by_node(evidence)
    agreed, witnessed = _agreed(spans), witnessed_clocks(evidence)
    believed = {}
    for node in evidence.nodes:
        clock, look = node.clock.value, look_at(node)
        if clock is None:
            continue
        if look and node.node in spans and node.node not in witnessed:
            believed[node.node] = _as_uncertain(clock, look, agreed)
        elif not clock.doubts or node.node in witnessed or abs(clock.offset_ms) > MAX_SKEW_MS:
            believed[node.node] = clock
    return believed


def witnessed_clocks(evidence: Evidence) -> frozenset[str]:
    """Return the nodes whose chrony and the bot's look give the time that most agree on."""
    spans = _bot_is_ahead_by_node(evidence)
    agreed = _agreed(spans)
    return frozenset(name for name, span in spans.items() if agreed and span.meets(agreed))


def contested_clocks(evidence: Evidence) -> frozenset[str]:
    """Return the nodes whose NTP service and the bot's look give a time that most do not agree on."""
    return frozenset(_bot_is_ahead_by_node(evidence)) - witnessed_clocks(evidence)


def _bot_is_ahead_by_node(evidence: Evidence) -> dict[str, _Span]:
    return {
        node.node: _bot_is_ahead(clock, look)
        for node in evidence.nodes
        if (clock := node.clock.value) and (look := look_at(node)) and follows_true_time(clock)
    }


def look_at(node: NodeEvidence) -> WallClock | None:
    """Return the bot's own look at a node's wall clock, if it has one."""
    return node.wall_clock.value if node.wall_clock else None


def _bot_is_ahead(clock: Clock, look: WallClock) -> _Span:
    """Return how far the bot's clock is ahead of true time, if chrony on this node is right about its own."""
    ahead_ms, bound_ms = clock.offset_ms - look.ahead_ms, clock.error_ms + look.error_ms + AGREE_MS
    return _Span(ahead_ms - bound_ms, ahead_ms + bound_ms)


_BOT_IS_RIGHT = _Span(-AGREE_MS, AGREE_MS)


def _agreed(spans: dict[str, _Span]) -> _Span | None:
    """Return where more than half of the witnesses meet, the bot's own clock being one, if they do."""
    witnesses = (_BOT_IS_RIGHT, *spans.values())
    best: tuple[_Span, ...] = ()
    for edge in witnesses:
        there = tuple(each for each in witnesses if each.low <= edge.low <= each.high)
        best = max(best, there, key=len)
    if 2 * len(best) <= len(witnesses):
        return None
    return _Span(max(each.low for each in best), min(each.high for each in best))


def _as_uncertain(clock: Clock, look: WallClock, agreed: _Span | None) -> Clock:
    """Return the clock with a bound that holds both chrony's word and the bot's look."""
    bot_ms = agreed or _BOT_IS_RIGHT
    low = min(clock.offset_ms - clock.error_ms, look.ahead_ms - look.error_ms + bot_ms.low)
    high = max(clock.offset_ms + clock.error_ms, look.ahead_ms + look.error_ms + bot_ms.high)
    return clock.model_copy(update={"offset_ms": (low + high) / 2, "error_ms": (high - low) / 2})


def follows_true_time(clock: Clock) -> bool:
    """Say whether a clock is synchronised to a source that is not this host itself."""
    return clock.synchronised and not _is_local(clock)


def says_time(clock: Clock) -> bool:
    """Say whether a clock's offset is a reading: chronyd without a source prints 0, which says nothing."""
    if _is_local(clock):
        return False
    return clock.synchronised or abs(clock.offset_ms) > clock.error_ms


def kept_by(clocks: Mapping[str, Clock], names: Collection[str]) -> dict[ClockKeeper, list[str]]:
    """Return which of these nodes' clocks each NTP service keeps."""
    keepers = dict.fromkeys(clocks[name].kept_by for name in names)
    return {keeper: [name for name in names if clocks[name].kept_by == keeper] for keeper in keepers}


def is_local_reference(source: str) -> bool:
    """Say whether a source is this host itself, or a hand; a server's name may begin like either."""
    return _LOCAL_REFERENCE.fullmatch(source) is not None


def _is_local(clock: Clock) -> bool:
    return is_local_reference(clock.source)


def is_surely_skewed(clock: Clock) -> bool:
    """Say whether a clock's whole offset interval lies beyond the recommended limit."""
    return abs(clock.offset_ms) - clock.error_ms > MAX_SKEW_MS
