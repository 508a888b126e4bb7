"""What the kept samples say of each node, as one more reading: where its figures go, and what is usual."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from runbooks.evidence import Evidence, History, NodeEvidence, Reading, Trend
from runbooks.posture.samples import Sample, sample_of
from runbooks.posture.trends import (
    DAY,
    MAX_GAP,
    MIN_POINTS,
    NOISE,
    RECENTLY,
    SPAN,
    Point,
    Trends,
    spread,
    trend,
)

MIN_LATE_POINTS, MIN_LATE_SPAN = 5, timedelta(hours=1)
"""Of the last hours fewer points are enough: what began in them fills up in hours."""

LATELY, LONG_AGO = timedelta(minutes=5), timedelta(minutes=45)
"""What alerts on rates look back on, and how old a sample may be that stands in for it."""

SCATTER, MUCH = 0.005, 0.02
"""Of a figure itself, what is never taken for a change, and what a change of the last hours must come to."""


def with_history(evidence: Evidence, samples: Sequence[Sample]) -> Evidence:
    """Return the evidence with what earlier samples say of each node; they may come in any order."""
    earlier = sorted((each for each in samples if each.at < evidence.started_at), key=lambda each: each.at)
    trends = Trends((*earlier, sample_of(evidence)))
    nodes = tuple(
        node.model_copy(
            update={
                "history": Reading[History](value=_history(trends, node), by="bot", at=evidence.started_at)
            }
        )
        for node in evidence.nodes
    )
    return evidence.model_copy(update={"nodes": nodes})


def _history(trends: Trends, node: NodeEvidence) -> History:
    name = node.node
    span, free = going(_fresh(trends, name, "free_bytes", SPAN), downwards=True)
    stored = {figure: _raw(trends, name, figure, span) for figure in ("log_bytes", "data_bytes")}
    return History(
        disk_span_s=span.total_seconds() if free else None,
        free_bytes=free,
        log_bytes=stored["log_bytes"],
        data_bytes=stored["data_bytes"],
        memory_bytes=_memory(trends, node),
        usual_cores=_usual(trends.series(name, "cpu_seconds", SPAN)),
        usual_commits_per_s=_usual(trends.series(name, "commit_index", SPAN)),
        usual_transactions_per_s=_usual(trends.series(name, "transactions", SPAN)),
        usual_deadlocks_per_s=_usual(trends.series(name, "deadlocks", SPAN)),
        lately_deadlocks_per_s=_lately(_fresh(trends, name, "deadlocks", RECENTLY, max_age=timedelta())),
    )


def _fresh(
    trends: Trends, name: str, figure: str, span: timedelta, max_age: timedelta = MAX_GAP
) -> list[Point]:
    """Return a figure over a span, or nothing where it has not been read since: it may be otherwise now."""
    points = trends.series(name, figure, span)
    return points if points and trends.now - points[-1][0] <= max_age else []


def _raw(trends: Trends, name: str, figure: str, span: timedelta) -> Trend | None:
    """Return what was gained over a span; what has been as large before may be rotated, and gain nothing."""
    course = trend(_fresh(trends, name, figure, span), MIN_LATE_POINTS, MIN_LATE_SPAN)
    is_late = course is not None and span < SPAN
    if is_late and course and _has_been_there(trends.series(name, figure, SPAN), downwards=False):
        half = course.per_day / 2
        return Trend(per_day=half, error_per_day=abs(half) + course.error_per_day)
    return course


def _memory(trends: Trends, node: NodeEvidence) -> Trend | None:
    """Return where memory goes since the process was started, which begins anew each time."""
    running_s = node.service.value.running_s if node.service.value else None
    if running_s is None or running_s <= 0:
        return None
    span = min(SPAN, timedelta(seconds=min(running_s, SPAN.total_seconds())))
    return going(_fresh(trends, node.node, "memory_bytes", span), downwards=False)[1]


def going(points: Sequence[Point], *, downwards: bool) -> tuple[timedelta, Trend | None]:
    """Return where a figure goes that matters in one direction, and the span that this was seen in.

    It is the long run where the figure is where that leads to, or within what it usually is. Else something
    began in the last hours: then these tell, and where they do not yet, nothing does.
    """
    recent = [point for point in points if points[-1][0] - point[0] < RECENTLY]
    long, late = trend(points), trend(recent, MIN_LATE_POINTS, MIN_LATE_SPAN)
    if long and _in_line(points, long):
        return SPAN, long
    goes = late is not None and (late.falls if downwards else late.rises) and _in_line(recent, late)
    if goes and _is_much(recent) and (long is None or _is_new(points, downwards=downwards)):
        return RECENTLY, late
    if goes or late is None or long is None or not _has_been_there(points, downwards=downwards):
        return SPAN, None
    return SPAN, long.model_copy(update={"per_day": 0.0})  # it comes and goes


def _in_line(points: Sequence[Point], course: Trend) -> bool:
    """Return whether a steady change, and no step or one that has slowed down, leads to where it is now."""
    if not (course.falls or course.rises) or _is_step(points, course) or _has_slowed(points, course):
        return False
    hours = [(at - points[0][0]) / timedelta(hours=1) for at, _ in points]
    rests = [value - course.per_day / 24 * hour for hour, (_, value) in zip(hours, points, strict=True)]
    return abs(rests[-1] - statistics.median(rests)) <= _usual_scatter(points, course)


def _is_step(points: Sequence[Point], course: Trend) -> bool:
    """Return whether a change came at once: then most quarters of the time saw nothing of it."""
    apart = max(len(points) // 4, 1)
    pairs = list(zip(points, points[apart:], strict=False))
    days = statistics.median((at - then) / DAY for (then, _), (at, _) in pairs)
    seen = statistics.median(now - was for (_, was), (_, now) in pairs)
    return seen * _forward(course) < abs(course.per_day) * days / 2


def _has_slowed(points: Sequence[Point], course: Trend) -> bool:
    """Return whether the last third of a change is less than half as fast as the whole."""
    last = trend(points[-max(len(points) // 3, MIN_LATE_POINTS) :], MIN_LATE_POINTS, timedelta())
    return last is not None and last.per_day * _forward(course) < abs(course.per_day) / 2


def _forward(course: Trend) -> int:
    return 1 if course.per_day > 0 else -1


def _is_much(recent: Sequence[Point]) -> bool:
    """Return whether a change of the last hours is one to speak of, and no cache that has nearly filled."""
    return abs(recent[-1][1] - recent[0][1]) > MUCH * abs(recent[-1][1])


def _is_new(points: Sequence[Point], *, downwards: bool) -> bool:
    """Return whether the figure is far beyond what it usually was before the last hours."""
    before = sorted(value for at, value in points if points[-1][0] - at >= RECENTLY)
    if len(before) < MIN_POINTS:
        return True
    low, high = before[len(before) // 5], before[-len(before) // 5]
    now, margin = points[-1][1], high - low + SCATTER * abs(points[-1][1])
    return now < low - margin if downwards else now > high + margin


def _has_been_there(points: Sequence[Point], *, downwards: bool) -> bool:
    """Return whether the figure was once, before the last hours, as far as it is now."""
    before = [value for at, value in points if points[-1][0] - at >= RECENTLY]
    now, scatter = points[-1][1], SCATTER * abs(points[-1][1])
    if not before:
        return False
    return now >= min(before) - scatter if downwards else now <= max(before) + scatter


def _usual_scatter(points: Sequence[Point], course: Trend) -> float:
    return max(NOISE * spread(points, course.per_day / 24), SCATTER * abs(points[-1][1]))


def _usual(points: Sequence[Point]) -> float | None:
    """Return the median by which a counter grew a second, where it was watched and not begun anew."""
    speeds = [
        (is_now - was) / (at - then).total_seconds()
        for (then, was), (at, is_now) in pairwise(points)
        if at > then and at - then <= MAX_GAP and is_now >= was
    ]
    return statistics.median(speeds) if len(speeds) >= MIN_POINTS else None


def _lately(points: Sequence[Point]) -> float | None:
    """Return by how much a counter grew a second since the newest sample of long enough ago."""
    if not points:
        return None
    at, is_now = points[-1]
    then, was = next((point for point in reversed(points) if at - point[0] >= LATELY), points[-1])
    if not LATELY <= at - then <= LONG_AGO or is_now < was:
        return None
    return (is_now - was) / (at - then).total_seconds()
