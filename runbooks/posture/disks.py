"""Disks: how much is free, and in how many days the log comes to its hard stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from runbooks.evidence import Disk, Evidence
from runbooks.log_room import NEEDS_FREE_INODES, WAL_NEEDS_FREE_BYTES, lacks_room
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.trends import DAY, Trends, slope_per_hour, spread
from runbooks.wording import MAX_NAMES, counted, listed

GIB, MIB = 2**30, 2**20
LOW_BYTES = 10 * GIB
"""DiskSpaceLow of Neumann's capacity-planning runbook."""

SPAN = 3 * DAY
MIN_SPAN = timedelta(hours=12)
MIN_POINTS = 12
FAR_DAYS = 365.0
WARNED_DAYS, CRITICAL_DAYS = 7.0, 1.0
NOISE = 4.0


def disk_lines(evidence: Evidence, trends: Trends) -> Iterator[Line]:
    """Yield the one line on the disks that hold the logs of record."""
    disks = {node.node: node.disk.value for node in evidence.nodes if node.disk.value}
    stopped = {name: disk for name, disk in disks.items() if lacks_room(evidence.node(name))}
    days = {name: left for name in disks if (left := days_to_stop(trends, name)) is not None}
    if stopped:
        said = [f"{name} ({_state(disk)})" for name, disk in stopped.items()]
        fact = f"the log cannot be written on {listed(said, MAX_NAMES)}"
        yield _line(Severity.CRITICAL, fact, stopped)
    elif soon := {name: left for name, left in days.items() if left < WARNED_DAYS}:
        soonest_first = sorted(soon, key=lambda name: soon[name])
        said = [f"{name} in {_days(soon[name])} ({_state(disks[name])})" for name in soonest_first]
        severity = Severity.CRITICAL if min(soon.values()) < CRITICAL_DAYS else Severity.WARNING
        yield _line(severity, f"reaches the log's hard stop: {listed(said, MAX_NAMES)}", soon)
    elif low := {name: disk for name, disk in disks.items() if disk.free_bytes < LOW_BYTES}:
        said = [f"{name} ({_state(disk)})" for name, disk in low.items()]
        yield _line(Severity.WARNING, f"less than 10 GiB free: {listed(said, MAX_NAMES)}", low)
    elif unread := tuple(name for name in evidence.names if name not in disks):
        yield Line(
            check=Check.DISK,
            severity=Severity.UNKNOWN,
            fact=f"disk of {listed(unread, MAX_NAMES)} not read",
            advice="see Agents",
            nodes=unread,
        )
    else:
        fullest = min(disks, key=lambda name: disks[name].free_bytes)
        soonest = min(days.values(), default=FAR_DAYS)
        ahead = f"; hard stop in {_days(soonest)} at the earliest" if soonest < FAR_DAYS else ""
        fact = f"least on {fullest}: {_state(disks[fullest])}{ahead}"
        yield Line(check=Check.DISK, severity=Severity.FINE, fact=fact)


def _line(severity: Severity, fact: str, nodes: dict[str, Disk] | dict[str, float]) -> Line:
    return Line(
        check=Check.DISK,
        severity=severity,
        fact=fact,
        advice="free space or inodes, or enlarge the volume; never delete the log itself",
        nodes=tuple(nodes),
    )


def days_to_stop(trends: Trends, name: str) -> float | None:
    """Return in how many days a node's disk falls to the log's hard stop; `None` where it is not falling."""
    points = trends.series(name, "free_bytes", SPAN)
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < MIN_SPAN:
        return None
    slope = slope_per_hour(points)
    if slope is None or slope >= 0:
        return None
    hours = (points[-1][0] - points[0][0]) / timedelta(hours=1)
    if -slope * hours < NOISE * spread(points, slope):
        return None  # it goes up and down, as with snapshots that come and go
    return max(points[-1][1] - WAL_NEEDS_FREE_BYTES, 0.0) / -slope / 24


def _state(disk: Disk) -> str:
    if disk.read_only:
        return "read-only"
    if disk.free_inodes is not None and disk.free_inodes < NEEDS_FREE_INODES:
        return f"{counted(disk.free_inodes, 'inode')} left"
    if disk.free_bytes >= GIB:
        return f"{disk.free_bytes * 10 // GIB / 10:.1f} GiB free"  # never up to the limit that it is below
    return f"{disk.free_bytes // MIB} MiB free"


def _days(left: float) -> str:
    return f"{left * 24:.0f} h" if left < 2 else counted(round(left), "day")
