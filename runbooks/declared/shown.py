"""The readings that a runbook of text asks for, in words: a line for each node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from runbooks.clocks import says_time
from runbooks.evidence import (
    Certificate,
    Clock,
    Config,
    Connect,
    Disk,
    Evidence,
    Health,
    Log,
    Metrics,
    NodeEvidence,
    Service,
)
from runbooks.wording import MAX_NAMES, counted, listed, milliseconds, seconds, signed_milliseconds

Shown = Literal["metrics", "health", "clock", "service", "log", "config", "disk", "connects", "certificates"]
SHOWN: tuple[str, ...] = get_args(Shown)


def lines(evidence: Evidence, names: Sequence[str]) -> Iterator[str]:
    """Yield each node's readings of these names; what could not be read says why."""
    for node in evidence.nodes if names else ():
        said = (f"{name}: {_said(node, name, evidence.started_at)}" for name in names)
        yield f"{node.node}: {'; '.join(said)}"


def _said(node: NodeEvidence, name: str, at: datetime) -> str:
    if name == "metrics":
        page = node.newest_metrics
        return _metrics(page) if page else f"not read ({node.metrics_again.missing})"
    reading = getattr(node, name)
    if reading is None:
        return "not asked for, as its agent is older"
    if reading.value is None:
        return f"not read ({reading.missing})"
    if name == "certificates":
        return _certificates(reading.value, at)
    return _WORDS[name](reading.value)


def _metrics(page: Metrics) -> str:
    indexes = f"committed {_known(page.commit_index)}, applied {_known(page.applied_index)}"
    return f"{page.role.value if page.role else 'role unknown'}, term {_known(page.term)}, {indexes}"


def _health(health: Health) -> str:
    return f"{health.status}, {_known(health.healthy_members)} of {_known(health.members)} members healthy"


def _clock(clock: Clock) -> str:
    return signed_milliseconds(clock.offset_ms) if says_time(clock) else "no source"


def _service(service: Service) -> str:
    since = f" for {seconds(service.running_s)}" if service.running_s is not None else ""
    restarts = f", {counted(service.restarts, 'restart')}" if service.restarts else ""
    ended = f", last ended as {service.result}" if service.result and service.state != "active" else ""
    return f"{service.state}{since}{restarts}{ended}"


def _log(log: Log) -> str:
    seen = [f"{word.replace('_', ' ')} {count}" for word, count in sorted(log.counts.items()) if count]
    return f"{listed(seen, MAX_NAMES) if seen else 'no known event'} in the last {seconds(log.window_s)}"


def _config(config: Config) -> str:
    low, high = config.election_timeout_min_ms, config.election_timeout_max_ms
    return f"election timeout {_known(low)} to {_known(high)} ms, sha256 {config.sha256[:12]}"


def _disk(disk: Disk) -> str:
    room = f"{disk.free_bytes / 2**30:.1f} of {disk.total_bytes / 2**30:.1f} GiB free in {disk.path}"
    return f"{room}, read-only" if disk.read_only else room


def _connects(tried: tuple[Connect, ...]) -> str:
    failed = [f"{each.peer} {each.port} {each.result}" for each in tried if each.result != "open"]
    if not tried:
        return "none tried"
    return f"not open: {listed(failed, MAX_NAMES)}" if failed else f"all {len(tried)} open"


def _certificates(found: tuple[Certificate, ...], at: datetime) -> str:
    ends = [(each.not_after_s - at.timestamp(), each.origin) for each in found]
    return listed([_ends(left_s, origin) for left_s, origin in ends], MAX_NAMES)


def _ends(left_s: float, origin: str) -> str:
    ended = left_s <= 0
    return f"{origin} {'ended ' if ended else 'ends in '}{milliseconds(abs(left_s) * 1000)}{' ago' * ended}"


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "health": _health,
    "clock": _clock,
    "service": _service,
    "log": _log,
    "config": _config,
    "disk": _disk,
    "connects": _connects,
}
