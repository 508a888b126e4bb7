"""Why little disk is left on a node, and in how many days its log comes to its hard stop."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.capacity.causes import CapacityCause
from runbooks.capacity.figures import Figures
from runbooks.evidence import Trend
from runbooks.explanations import Explanation
from runbooks.log_room import WAL_NEEDS_FREE_BYTES, bytes_said, why_no_room
from runbooks.model import Verdict
from runbooks.wording import days

MOST = 0.5
"""Of what the disk loses, the share from which on something is what takes it."""

FAR_DAYS = 365.0
"""A disk that lasts for longer is not filling up."""

WEEK_DAYS = 7.0
"""A disk that may be full so soon, within the error of its trend, is not called steady."""


def explain_disk(node: Figures) -> Iterator[Explanation]:
    """Yield the one explanation of a node on which less is free than the alert allows."""
    if not node.disk_is_low:
        return
    stopped = why_no_room(node.node)
    if stopped:
        stop = "below that Neumann refuses to write its log, to vote and to stand for election"
        yield Explanation(
            node.name,
            CapacityCause.LOG_STOPPED,
            Verdict.CONFIRMED,
            (f"{node.name}: {'; '.join(stopped)}", stop),
        )
    elif _page_has_no_room(node) and node.disk_free_bytes is None:
        lacks = f"the agent's own reading of the disk of {node.name}"
        yield _of(node, CapacityCause.LOG_STOPPED, Verdict.LIKELY, lacks=lacks)
    elif not node.is_one_disk:
        free = bytes_said(node.disk_free_bytes or 0)
        lacks = f"which file system the page of {node.name} means: its log's has {free} free"
        yield _of(node, CapacityCause.DISK_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)
    else:
        yield _filling(node)


def _page_has_no_room(node: Figures) -> bool:
    return node.page_free_bytes is not None and node.page_free_bytes < WAL_NEEDS_FREE_BYTES


def days_to_stop(node: Figures) -> float | None:
    """Return in how many days the node's log comes to its hard stop; `None` where its disk is not filling."""
    trend, free = node.history.free_bytes, node.free_bytes
    if trend is None or not trend.falls or free is None:
        return None
    left = max(free - WAL_NEEDS_FREE_BYTES, 0) / -trend.per_day
    return left if left < FAR_DAYS else None


def _filling(node: Figures) -> Explanation:
    """Judge what takes a disk: by what it loses, held against what the log and the data gain."""
    trend, log, data = node.history.free_bytes, node.history.log_bytes, node.history.data_bytes
    if trend is None:
        lacks = f"half a day of samples of the disk of {node.name}, or an hour of one that is filling"
        return _of(node, CapacityCause.DISK_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)
    if days_to_stop(node) is None:
        if unsure := _why_not_steady(node, trend, (log, data)):
            return _of(node, CapacityCause.DISK_UNEXPLAINED, Verdict.UNDETERMINED, lacks=unsure)
        return _of(node, CapacityCause.DISK_TAKEN, _by_both(node))
    if log is None or data is None:
        lacks = f"the sizes of log and data on the page of {node.name}, over the same time"
        return _of(node, CapacityCause.DISK_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)
    takes = f"a day {_grows('the log', log)} and {_grows('the data', data)} (page)"
    for cause, gains_at_least in _takers(trend, log, data):
        if gains_at_least >= MOST * -trend.per_day:
            return _of(node, cause, Verdict.CONFIRMED, takes)
    lacks = f"what takes it: {takes}, and none of it is most of what the disk of {node.name} loses"
    return _of(node, CapacityCause.DISK_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)


def _why_not_steady(node: Figures, free: Trend, on_it: tuple[Trend | None, ...]) -> str | None:
    """Return what is lacking to say that a disk does not become less; `None` where that may be said."""
    loses_at_most = free.error_per_day - free.per_day
    if any(gains and _gains_at_least(gains) > loses_at_most for gains in on_it):
        return f"why the disk of {node.name} does not lose what its log or its data gains"
    if (node.free_bytes or 0) < WEEK_DAYS * loses_at_most:
        return f"more days of samples of the disk of {node.name}: what comes and goes may hide that it fills"
    return None


def _takers(free: Trend, log: Trend, data: Trend) -> Iterator[tuple[CapacityCause, float]]:
    """Yield what may take a disk, with the least that it gains a day whatever the errors are."""
    log_at_most = max(log.per_day + log.error_per_day, 0)
    data_at_most = max(data.per_day + data.error_per_day, 0)
    yield CapacityCause.LOG_GROWS, _gains_at_least(log)
    # The page may count the log among the data.
    yield CapacityCause.DATA_GROWS, _gains_at_least(data) - log_at_most
    loses_at_least = -free.per_day - free.error_per_day
    yield CapacityCause.OTHERS_FILL_DISK, loses_at_least - log_at_most - data_at_most


def _gains_at_least(trend: Trend) -> float:
    return trend.per_day - trend.error_per_day


def _by_both(node: Figures) -> Verdict:
    both = node.page_free_bytes is not None and node.disk_free_bytes is not None
    return Verdict.CONFIRMED if both else Verdict.LIKELY


def _grows(what: str, trend: Trend) -> str:
    verb = "gains" if trend.per_day >= 0 else "loses"
    return f"{what} {verb} {bytes_said(abs(trend.per_day))}"


def _of(
    node: Figures, cause: CapacityCause, verdict: Verdict, more: str = "", lacks: str | None = None
) -> Explanation:
    return Explanation(node.name, cause, verdict, tuple(filter(None, (disk_said(node), more))), (), lacks)


def disk_said(node: Figures) -> str:
    """Return how much is free on a node, and when its log will stop."""
    by = "bot" if node.page_free_bytes is not None else node.node.disk.by
    left = days_to_stop(node)
    ahead = ""
    if left is not None:
        span = days((node.history.disk_span_s or 0.0) / 86_400)
        loses = bytes_said(-(node.history.free_bytes or Trend(per_day=0, error_per_day=0)).per_day)
        ahead = f"; loses {loses} a day (over {span}): {days(left)} to the log's hard stop at 100 MiB"
    return f"{node.name}: {bytes_said(node.free_bytes or 0)} free, the alert's bound is 10 GiB ({by}){ahead}"
