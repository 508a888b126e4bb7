"""Clocks: how far off they are, where they are going, and what they follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from runbooks.clocks import MAX_SKEW_MS, believed_clocks, follows_true_time, is_surely_skewed, says_time
from runbooks.clocks_apart import clocks_apart, seen_together, widest_seen
from runbooks.evidence import Clock, Evidence
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.trends import Point, Trends, slope_per_hour, spread
from runbooks.wording import MAX_NAMES, counted, listed, milliseconds, signed_milliseconds

NEAR_MS = MAX_SKEW_MS / 2
DRIFT_SPAN = timedelta(hours=12)
MIN_DRIFT_POINTS = 8
MIN_DRIFT_SPAN = timedelta(hours=3)
WARNED_AHEAD = timedelta(days=2)
MIN_OFFSET_MS = 20.0
"""A clock that drifts is told from here on: nearer to zero chrony's own corrections look the same."""

NOISE = 4.0
"""The way that a clock has gone must be so many times its scatter around that line."""

ASK_NTP = "check `timedatectl` and `chronyc tracking` (or `ntpq -pn`) on that node"


def clock_lines(evidence: Evidence, trends: Trends) -> Iterator[Line]:
    """Yield what the clocks say; a clock that could not be read is not known to be right."""
    clocks = believed_clocks(evidence)
    unread = tuple(name for name in evidence.names if name not in clocks)
    yield _apart(evidence, clocks) or _offset(clocks, unread, _seen_together(evidence))
    yield _drift(evidence.names, trends)
    yield _service(clocks, unread)
    yield _sources(clocks, unread)


def _not_read(check: Check, unread: tuple[str, ...], rest: str = "") -> Line:
    fact = f"clock of {listed(unread, MAX_NAMES)} not read, or not to be believed{rest}"
    return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice="see Agents", nodes=unread)


def _apart(evidence: Evidence, clocks: dict[str, Clock]) -> Line | None:
    """Say which clocks the bot sees apart where no time service says that they are."""
    pairs = clocks_apart(evidence, clocks)
    beyond = {pair: each for pair, each in pairs.items() if each.is_surely_beyond}
    seen = [f"{listed(pair)} by {milliseconds(each.ms)}" for pair, each in beyond.items()]
    if not any(each.is_seen_from_here for each in beyond.values()):
        return None
    bound_ms = max(each.error_ms for each in beyond.values())
    return Line(
        check=Check.CLOCK_OFFSET,
        severity=Severity.WARNING,
        fact=f"clocks apart, measured from here ±{milliseconds(bound_ms)}: {listed(seen, MAX_NAMES)}",
        advice="start a time service there: `timedatectl set-ntp true`, or install chrony",
        nodes=tuple(name for name in evidence.names if any(name in pair for pair in beyond)),
    )


def _seen_together(evidence: Evidence) -> str:
    """Return what the bot sees of clocks whose true time nobody tells; empty where they may be apart."""
    widest = widest_seen(evidence)
    if widest is None or len(seen_together(evidence)) < len(evidence.names):
        return ""
    return f"; at most {milliseconds(widest.ms)} apart ({widest.whose})"


def _offset(clocks: dict[str, Clock], unread: tuple[str, ...], seen: str) -> Line:
    check = Check.CLOCK_OFFSET
    saying = {name: clock for name, clock in clocks.items() if says_time(clock)}
    beyond = {name: clock for name, clock in saying.items() if is_surely_skewed(clock)}
    open_ones = {name: clock for name, clock in saying.items() if _may_be_skewed(clock)}
    near = {
        name: clock
        for name, clock in saying.items()
        if abs(clock.offset_ms) > NEAR_MS and name not in open_ones
    }
    if far := beyond or near:
        where = "off by more than 500 ms" if beyond else "off by more than half the limit"
        return Line(
            check=check,
            severity=Severity.WARNING if beyond else Severity.NOTICE,
            fact=f"{where}: {listed(_offsets(far), MAX_NAMES)}",
            advice=ASK_NTP,
            nodes=tuple(far),
        )
    silent = (*unread, *(name for name in clocks if name not in saying))
    if silent:
        return _not_read(check, silent, seen)
    low, high = (pick(clock.offset_ms for clock in saying.values()) for pick in (min, max))
    error = max(clock.error_ms for clock in saying.values())
    if open_ones:
        error = max(clock.error_ms for clock in open_ones.values())
        who = f"the clock{'' if len(open_ones) == 1 else 's'} of {listed(tuple(open_ones), MAX_NAMES)}"
        fact = f"an error bound of {error:.0f} ms leaves it open whether {who} kept within 500 ms"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice=ASK_NTP, nodes=tuple(open_ones))
    fact = f"{signed_milliseconds(low)} to {signed_milliseconds(high)}, known to {error:.0f} ms"
    return Line(check=check, severity=Severity.FINE, fact=fact)


def _may_be_skewed(clock: Clock) -> bool:
    """Return whether it is open on which side of the limit a clock is."""
    return not is_surely_skewed(clock) and abs(clock.offset_ms) + clock.error_ms > MAX_SKEW_MS


def _offsets(clocks: dict[str, Clock]) -> list[str]:
    ordered = sorted(clocks.items(), key=lambda each: -abs(each[1].offset_ms))
    return [f"{name} {signed_milliseconds(clock.offset_ms)}" for name, clock in ordered]


def _drift(names: tuple[str, ...], trends: Trends) -> Line:
    """Say which clocks are on their way to the limit, and when they cross it."""
    watched, crossings = 0, {}
    for name in names:
        points = trends.series(name, "offset_ms", DRIFT_SPAN)
        watched += _is_watched(points)
        if (hours := hours_to_limit(points)) is not None:
            crossings[name] = hours
    if crossings:
        soonest_first = sorted(crossings, key=lambda name: crossings[name])
        said = [
            f"{name} crosses 500 ms in {crossings[name]:.0f} h"
            f" ({trends.now + timedelta(hours=crossings[name]):%a %H:%M} UTC)"
            for name in soonest_first
        ]
        return Line(
            check=Check.CLOCK_DRIFT,
            severity=Severity.WARNING,
            fact=listed(said, MAX_NAMES),
            advice=ASK_NTP,
            nodes=tuple(soonest_first),
        )
    if watched < len(names):
        fact = f"not enough samples yet ({watched} of {counted(len(names), 'node')})"
        return Line(check=Check.CLOCK_DRIFT, severity=Severity.UNKNOWN, fact=fact)
    return Line(check=Check.CLOCK_DRIFT, severity=Severity.FINE, fact="no clock is heading for 500 ms")


def _is_watched(points: list[Point]) -> bool:
    return len(points) >= MIN_DRIFT_POINTS and points[-1][0] - points[0][0] >= MIN_DRIFT_SPAN


def hours_to_limit(points: list[Point]) -> float | None:
    """Return in how many hours a clock crosses 500 ms; `None` where it is not on its way there.

    It is on its way if it has gone further than it scatters, away from zero, and arrives within two days.
    """
    if not _is_watched(points):
        return None
    slope = slope_per_hour(points)
    offset = points[-1][1]
    if not slope or slope * offset <= 0 or not MIN_OFFSET_MS <= abs(offset) <= MAX_SKEW_MS:
        return None
    hours = (points[-1][0] - points[0][0]) / timedelta(hours=1)
    if abs(slope) * hours < NOISE * spread(points, slope):
        return None
    left = (MAX_SKEW_MS - abs(offset)) / abs(slope)
    return left if left <= WARNED_AHEAD / timedelta(hours=1) else None


def _service(clocks: dict[str, Clock], unread: tuple[str, ...]) -> Line:
    check = Check.TIME_SERVICE
    alone = tuple(name for name, clock in clocks.items() if not follows_true_time(clock))
    stopped = tuple(name for name, clock in clocks.items() if clock.ntp_service_active is False)
    if alone:
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"{listed(alone, MAX_NAMES)} {'follows' if len(alone) == 1 else 'follow'} no time source",
            advice=ASK_NTP,
            nodes=alone,
        )
    if stopped:
        return Line(
            check=check,
            severity=Severity.NOTICE,
            fact=f"NTP service not enabled on {listed(stopped, MAX_NAMES)}: it will not return on reboot",
            advice=f"run `timedatectl set-ntp true` on {listed(stopped, MAX_NAMES)}",
            nodes=stopped,
        )
    if unread:
        return _not_read(check, unread)
    return Line(check=check, severity=Severity.FINE, fact="every node follows a time source")


def _sources(clocks: dict[str, Clock], unread: tuple[str, ...]) -> Line:
    check = Check.TIME_SOURCES
    following = {name: clock.source for name, clock in clocks.items() if follows_true_time(clock)}
    sources = sorted(set(following.values()))
    if len(sources) > 1:
        fact = f"{len(sources)} sources: {listed(sources, MAX_NAMES)}"
        return Line(check=check, severity=Severity.FINE, fact=fact)
    if unread or len(following) < len(clocks):
        return _not_read(check, unread or tuple(clocks.keys() - following.keys()))
    if len(clocks) == 1:
        return Line(check=check, severity=Severity.FINE, fact=f"one node, which follows {sources[0]}")
    return Line(
        check=check,
        severity=Severity.NOTICE,
        fact=f"all {len(clocks)} nodes follow {sources[0]}: if it is wrong, they all are, unnoticed",
        advice="configure several sources, for instance with chrony's `pool`",
        nodes=tuple(following),
    )
