"""Disks: how much is free, and in how many days the log comes to its hard stop."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.evidence import Disk, Evidence
from runbooks.log_room import (
    ALERT_FREE_BYTES,
    NEEDS_FREE_INODES,
    WAL_NEEDS_FREE_BYTES,
    bytes_said,
    lacks_room,
)
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.trends import SPAN, Trends, trend
from runbooks.wording import MAX_NAMES, counted, listed
from runbooks.wording import days as days_said

FAR_DAYS = 365.0
WARNED_DAYS, CRITICAL_DAYS = 7.0, 1.0


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
        said = [f"{name} in {days_said(soon[name])} ({_state(disks[name])})" for name in soonest_first]
        severity = Severity.CRITICAL if min(soon.values()) < CRITICAL_DAYS else Severity.WARNING
        yield _line(severity, f"reaches the log's hard stop: {listed(said, MAX_NAMES)}", soon)
    elif low := {name: disk for name, disk in disks.items() if disk.free_bytes < ALERT_FREE_BYTES}:
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
        ahead = f"; hard stop in {days_said(soonest)} at the earliest" if soonest < FAR_DAYS else ""
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
    course = trend(points)
    if course is None or not course.falls:
        return None  # or it goes up and down, as with snapshots that come and go
    return max(points[-1][1] - WAL_NEEDS_FREE_BYTES, 0.0) / -course.per_day


def _state(disk: Disk) -> str:
    if disk.read_only:
        return "read-only"
    if disk.free_inodes is not None and disk.free_inodes < NEEDS_FREE_INODES:
        return f"{counted(disk.free_inodes, 'inode')} left"
    return f"{bytes_said(disk.free_bytes)} free"
