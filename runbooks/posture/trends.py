"""What a cluster's samples say over time: counts by day, percentiles, and where a figure is going."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from runbooks.evidence import Trend
from runbooks.posture.samples import PairSample, Sample
from runbooks.raft import Pair

DAY = timedelta(days=1)
RECENTLY = timedelta(hours=6)
"""The span over which loss and latency of now are told: long enough for some hundred pings."""

MAX_GAP = timedelta(hours=6)
"""Between two samples further apart than this nobody has looked."""

WATCHED_SHARE = 0.5
"""Of a day less of which was watched, nothing is said."""

MAX_POINTS = 48
"""Points that a line is laid through: of more, every so many-th."""

SPAN = 3 * DAY
MIN_SPAN = timedelta(hours=12)
MIN_POINTS = 12
NOISE = 4.0
"""A change over the span of less than so many times the usual scatter is none."""

Point = tuple[datetime, float]


@dataclass(frozen=True)
class Trends:
    """A cluster's samples, oldest first; the last is of the reading that is judged."""

    samples: tuple[Sample, ...]

    @property
    def now(self) -> datetime:
        """Return when the last sample was taken."""
        return self.samples[-1].at

    def within(self, span: timedelta, *, until: datetime | None = None) -> tuple[Sample, ...]:
        """Return the samples of a span that ends now, or then."""
        end = until or self.now
        return self.samples[bisect_right(self._times, end - span) : bisect_right(self._times, end)]

    @cached_property
    def _times(self) -> list[datetime]:
        return [each.at for each in self.samples]

    @cached_property
    def elections_by_day(self) -> tuple[int, ...]:
        """Return the elections of each whole day that was watched on some node, the last first.

        Days are counted back from now. What happened while nobody looked for long belongs to no day; without
        the last day there is none.
        """
        counts: dict[int, int] = {}
        for by_day in self._elections.values():
            for day, grown in by_day.items():
                counts[day] = counts.get(day, 0) + grown
        return tuple(counts[day] for day in sorted(counts)) if 0 in counts else ()

    @cached_property
    def elections_unseen(self) -> tuple[str, ...]:
        """Return the nodes whose elections of the last day are not known."""
        return tuple(name for name, by_day in self._elections.items() if 0 not in by_day)

    @cached_property
    def _elections(self) -> dict[str, dict[int, int]]:
        return {name: self._elections_of(name) for name in self.samples[-1].nodes}

    def _elections_of(self, name: str) -> dict[int, int]:
        """Return by whole day, 0 being the last, a node's elections, where it was watched."""
        days = int((self.now - self.samples[0].at) / DAY)
        counts: dict[int, int] = {}
        seen: dict[int, timedelta] = {}
        for (then, was), (at, is_now) in pairwise(self.series(name, "elections_total", days * DAY)):
            if at - then <= MAX_GAP:
                day = int((self.now - at) / DAY)
                counts[day] = counts.get(day, 0) + _grown(was, is_now)
                seen[day] = seen.get(day, timedelta()) + (at - then)
        return {day: count for day, count in counts.items() if seen[day] >= WATCHED_SHARE * DAY}

    def restarts(self, name: str, span: timedelta) -> int | None:
        """Return how often a node's process was seen to restart in a span.

        `None` is none that was seen, by somebody who did not watch for most of the span.
        """
        points = self.series(name, "restarts", span)
        grown = sum(_grown(was, is_now) for (_, was), (_, is_now) in pairwise(points))
        is_watched = len(points) > 1 and points[-1][0] - points[0][0] >= WATCHED_SHARE * span
        return grown if grown or is_watched else None

    @property
    def usual_round_trip_ms(self) -> float | None:
        """Return the median over a day of the slowest pair's round trip."""
        return percentile(self._round_trips_ms, 0.5)

    @property
    def high_round_trip_ms(self) -> float | None:
        """Return its 95th percentile, and of few samples never the only one that is so high."""
        trips_ms = sorted(self._round_trips_ms)
        high = percentile(trips_ms, 0.95)
        return high if high is None or len(trips_ms) < 2 else min(high, trips_ms[-2])

    @property
    def _round_trips_ms(self) -> list[float]:
        return [each.slowest_rtt_ms for each in self.within(DAY) if each.slowest_rtt_ms is not None]

    def pings(self, span: timedelta, *, until: datetime | None = None) -> dict[Pair, list[PairSample]]:
        """Return what was kept of each ordered pair in a span."""
        found: dict[Pair, list[PairSample]] = {}
        for sample in self.within(span, until=until):
            for pair in sample.pairs:
                found.setdefault((pair.one, pair.other), []).append(pair)
        return found

    def series(self, name: str, figure: str, span: timedelta) -> list[Point]:
        """Return a node's figure over a span."""
        return [
            (sample.at, float(value))
            for sample in self.within(span)
            if (node := sample.nodes.get(name)) and (value := getattr(node, figure)) is not None
        ]


def _grown(was: float, is_now: float) -> int:
    """Return by how much a counter grew; one that fell began anew with a restart."""
    return int(is_now - was if is_now >= was else is_now)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the smallest value that a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None


def slope_per_hour(points: Sequence[Point]) -> float | None:
    """Return the median slope between all pairs of points (Theil and Sen): a single outlier moves nothing."""
    thinned = points[:: max(math.ceil(len(points) / MAX_POINTS), 1)]
    hours = [at.timestamp() / 3600 for at, _ in thinned]
    values = [value for _, value in thinned]
    slopes = [
        (values[later] - values[number]) / (hours[later] - hours[number])
        for number in range(len(thinned))
        for later in range(number + 1, len(thinned))
        if hours[later] > hours[number]
    ]
    return statistics.median(slopes) if slopes else None


def spread(points: Sequence[Point], slope: float) -> float:
    """Return the median distance of points from the line of that slope through their middle."""
    hours = [(at - points[0][0]) / timedelta(hours=1) for at, _ in points]
    rests = [value - slope * hour for hour, (_, value) in zip(hours, points, strict=True)]
    middle = statistics.median(rests)
    return statistics.median(abs(rest - middle) for rest in rests)


def trend(
    points: Sequence[Point], min_points: int = MIN_POINTS, min_span: timedelta = MIN_SPAN
) -> Trend | None:
    """Return where a figure goes; `None` where fewer points, or a shorter span, do not tell."""
    if len(points) < min_points or points[-1][0] - points[0][0] < min_span:
        return None
    slope = slope_per_hour(points)
    if slope is None:
        return None
    hours = (points[-1][0] - points[0][0]) / timedelta(hours=1)
    return Trend(per_day=24 * slope, error_per_day=24 * NOISE * spread(points, slope) / hours)
