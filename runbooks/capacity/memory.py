"""Why a node is near its memory limit, and in how many days it meets it."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.capacity.causes import CapacityCause
from runbooks.capacity.figures import ALERT_MEMORY_SHARE, Figures
from runbooks.explanations import Explanation
from runbooks.log_room import bytes_said
from runbooks.model import Verdict
from runbooks.wording import counted, days

FAR_DAYS = 90.0
"""Memory that meets its limit only later is taken not to grow."""

OOM_KILLED = "oom-kill"
"""systemd's and Kubernetes' word, as the agent gives it, for a process that the kernel ended for memory."""


LATELY_S = 86_400.0
"""A process that has run for longer was killed at another time, of which only its pod still tells."""


def explain_memory(node: Figures) -> Iterator[Explanation]:
    """Yield what the service manager says of a kill for memory, and why a node is above the alert's share."""
    service = node.node.service.value
    if service and service.result == OOM_KILLED and (service.running_s or 0.0) < LATELY_S:
        restarts = service.restarts
        again = f", {counted(restarts, 'restart')} so far" if restarts else ""
        seen = [f"{node.name}: ended by the kernel for memory{again} ({node.node.service.by})"]
        if node.memory_is_high:
            seen.append(_said(node))
        verdict = Verdict.CONFIRMED if node.memory_is_high else Verdict.LIKELY
        yield Explanation(node.name, CapacityCause.KILLED_FOR_MEMORY, verdict, tuple(seen))
    elif node.memory_is_high:
        yield _near_limit(node)


def days_to_limit(node: Figures) -> float | None:
    """Return in how many days a node meets its memory limit; `None` where its memory does not grow."""
    trend, page = node.history.memory_bytes, node.node.newest_metrics
    if trend is None or not trend.rises or page is None:
        return None
    left = max((page.memory_limit_bytes or 0) - (page.memory_bytes or 0), 0) / trend.per_day
    return left if left < FAR_DAYS else None


def _near_limit(node: Figures) -> Explanation:
    # The page is one witness, whoever reads it: nothing of this is confirmed.
    if node.history.memory_bytes is None:
        lacks = f"samples of the memory of {node.name} since it was started, over an hour or more"
        return Explanation(
            node.name, CapacityCause.MEMORY_UNEXPLAINED, Verdict.UNDETERMINED, (_said(node),), (), lacks
        )
    grows = days_to_limit(node) is not None
    cause = CapacityCause.MEMORY_GROWS if grows else CapacityCause.MEMORY_TIGHT
    return Explanation(node.name, cause, Verdict.LIKELY, (_said(node),))


def _said(node: Figures) -> str:
    share, left = node.memory_share or 0.0, days_to_limit(node)
    said = (
        f"{node.name}: {share:.0%} of its memory limit, the alert's bound is {ALERT_MEMORY_SHARE:.0%} (bot)"
    )
    trend = node.history.memory_bytes
    if left is None or trend is None:
        return said
    return f"{said}; gains {bytes_said(trend.per_day)} a day: {days(left)} to the limit"
