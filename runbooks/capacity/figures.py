"""What a node has left of disk, memory and CPU, and whether an alert's own condition is so: no judgement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from runbooks import raft
from runbooks.evidence import Evidence, History, NodeEvidence
from runbooks.log_room import ALERT_FREE_BYTES, lacks_room
from runbooks.raft import Tri
from runbooks.wording import MAX_NAMES, listed

ALERT_MEMORY_SHARE = 0.85
"""HighMemoryUsage of Neumann's capacity-planning runbook."""

ALERT_CORES = 0.9
"""HighCPUUsage of the same page: seconds of CPU a second, so of one core, however many there are."""

MIN_SPAN_S = 1.0
"""Two samples closer together show no use of CPU."""

SAME_DISK_SHARE, SAME_DISK_BYTES = 0.05, 2**28
"""Two readings of free bytes that differ by more than both are of two file systems."""


@dataclass(frozen=True)
class Figures:
    """One node's figures; `None` is what its page does not show, or what could not be read.

    Args:
        node: What was read of it.
        is_down: Whether its process is known to be stopped, and so uses nothing.
    """

    node: NodeEvidence
    is_down: bool

    @property
    def name(self) -> str:
        """Return the node's name."""
        return self.node.node

    @property
    def history(self) -> History:
        """Return what the samples say of it, which may be nothing."""
        return (self.node.history.value if self.node.history else None) or History()

    @property
    def page_free_bytes(self) -> int | None:
        """Return what Neumann's own page says is free, which DiskSpaceLow goes by."""
        return self.node.newest_metrics.disk_free_bytes if self.node.newest_metrics else None

    @property
    def disk_free_bytes(self) -> int | None:
        """Return what is free on the file system of the log, by the agent."""
        return self.node.disk.value.free_bytes if self.node.disk.value else None

    @property
    def free_bytes(self) -> int | None:
        """Return what is free, as the alert sees it or else as the agent does."""
        return self.disk_free_bytes if self.page_free_bytes is None else self.page_free_bytes

    @property
    def is_one_disk(self) -> bool:
        """Return whether page and agent may speak of one file system."""
        page, disk = self.page_free_bytes, self.disk_free_bytes
        if page is None or disk is None:
            return True
        return abs(page - disk) <= max(SAME_DISK_BYTES, SAME_DISK_SHARE * max(page, disk))

    @property
    def memory_share(self) -> float | None:
        """Return the share of its memory limit that it uses."""
        page = self.node.newest_metrics
        if page is None or page.memory_bytes is None or not (page.memory_limit_bytes or 0) > 0:
            return None
        return page.memory_bytes / (page.memory_limit_bytes or 1)

    @property
    def cores(self) -> float | None:
        """Return the cores that it took between the two samples."""
        return self._per_second("cpu_seconds_total")

    @property
    def commits_per_s(self) -> float | None:
        """Return the entries that became committed a second between the two samples."""
        return self._per_second("commit_index")

    def _per_second(self, name: str) -> float | None:
        before, after = self.node.metrics.value, self.node.metrics_again.value
        was, now = getattr(before, name, None), getattr(after, name, None)
        seconds = (self.node.metrics_again.at - self.node.metrics.at).total_seconds()
        # A counter that fell began anew with the process.
        return (
            None if was is None or now is None or now < was or seconds < MIN_SPAN_S else (now - was) / seconds
        )

    @property
    def disk_is_low(self) -> Tri:
        """Return whether less is free than DiskSpaceLow allows, or the log has no room at all."""
        if self.node.disk.value and lacks_room(self.node):
            return True
        return None if self.free_bytes is None else self.free_bytes < ALERT_FREE_BYTES

    @property
    def memory_is_high(self) -> Tri:
        """Return whether HighMemoryUsage's condition is so; a page without these figures leaves it open."""
        if self.node.newest_metrics is None:
            return False if self.is_down else None
        return None if self.memory_share is None else self.memory_share > ALERT_MEMORY_SHARE

    @property
    def cpu_is_high(self) -> Tri:
        """Return whether it takes more CPU than HighCPUUsage allows; that one's mean is over five minutes."""
        if self.node.newest_metrics is None:
            return False if self.is_down else None
        return None if self.cores is None else self.cores > ALERT_CORES

    @property
    def unshown(self) -> tuple[str, ...]:
        """Return the resources of which its page was read and has no figure: no alert can fire on these."""
        page = self.node.newest_metrics
        if page is None:
            return ()
        limit = page.memory_limit_bytes or 0
        shown = {
            "memory": page.memory_bytes is not None and limit > 0,
            "CPU": page.cpu_seconds_total is not None,
        }
        return tuple(name for name, is_shown in shown.items() if not is_shown)

    @property
    def conditions(self) -> Mapping[str, Tri]:
        """Return by resource whether its alert's condition is so."""
        return {"disk": self.disk_is_low, "memory": self.memory_is_high, "CPU": self.cpu_is_high}


class Cluster:
    """The figures of every node of one evidence.

    Args:
        evidence: What was read of the cluster.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Work out which processes are down, and keep every node's figures."""
        up = raft.processes(evidence)
        self.evidence = evidence
        self.nodes = tuple(Figures(node, up[node.node] is False) for node in evidence.nodes)

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """Return which figures of which nodes are not known: nodes that lack the same share a phrase."""
        alike: dict[str, list[str]] = {}
        for node in self.nodes:
            for lack in _lacks(node):
                alike.setdefault(lack, []).append(node.name)
        return tuple(lack.format(nodes=listed(names, MAX_NAMES)) for lack, names in alike.items())

    @property
    def is_enough(self) -> bool:
        """Return whether no alert's condition is so on any node, and all of them are known."""
        return all(is_so is False for node in self.nodes for is_so in node.conditions.values())

    @property
    def is_over(self) -> bool:
        """Return whether an alert's condition is known to be so on some node."""
        return any(is_so for node in self.nodes for is_so in node.conditions.values())


def _lacks(node: Figures) -> Iterator[str]:
    """Yield what is not known of a node: what was not read, and what its page does not show."""
    unread = [what for what, is_so in node.conditions.items() if is_so is None and what not in node.unshown]
    # After a kill for memory there is enough of it, for a while.
    unread += ["service"] if node.node.service.value is None else []
    if unread:
        yield f"{listed(unread)} of {{nodes}}"
    if node.unshown:
        yield f"{listed(node.unshown)} of {{nodes}}, not shown on the page"
