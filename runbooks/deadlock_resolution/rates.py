"""How often transactions of a node deadlock and end, now, lately and usually: figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runbooks import raft
from runbooks.evidence import Evidence, History, NodeEvidence
from runbooks.raft import Tri

ALERT_PER_S = 1.0
"""HighDeadlockRate of Neumann's monitoring page, there a mean over five minutes."""

MIN_SPAN_S = 1.0
"""Two samples closer together show no rate."""

Z_95 = 1.645
"""One-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Rates:
    """One node's counters between the two samples, and what its history says of them.

    Args:
        node: What was read of it.
        is_down: Whether its process is known to be stopped.
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
    def seconds(self) -> float | None:
        """Return how far the two samples are apart; `None` where that is too little for a rate."""
        seconds = (self.node.metrics_again.at - self.node.metrics.at).total_seconds()
        return seconds if seconds >= MIN_SPAN_S else None

    def grown(self, counter: str) -> int | None:
        """Return by how much a counter grew between the samples; one that fell began anew."""
        was, now = (
            getattr(page.value, counter, None) for page in (self.node.metrics, self.node.metrics_again)
        )
        return None if was is None or now is None or now < was or self.seconds is None else now - was

    def per_second(self, counter: str) -> float | None:
        """Return how much a counter grew a second."""
        grown, seconds = self.grown(counter), self.seconds
        return None if grown is None or seconds is None else grown / seconds

    @property
    def deadlocks_per_s(self) -> float | None:
        """Return the deadlocks a second, over minutes where that is known."""
        lately = self.history.lately_deadlocks_per_s
        return self.per_second("deadlocks_total") if lately is None else lately

    @property
    def is_high(self) -> Tri:
        """Return whether deadlocks are as frequent as the alert minds; a page without a count leaves it open.

        Its rule has a mean over five minutes, which what was kept of minutes ago tells. Without, two samples
        stand in for it where chance does not explain their count. A burst within calm minutes is either.
        """
        if self.node.newest_metrics is None:
            return False if self.is_down else None
        if self.node.newest_metrics.deadlocks_total is None:
            return None
        grown, lately = self.grown("deadlocks_total"), self.history.lately_deadlocks_per_s
        bursts = grown is not None and at_least(grown) > ALERT_PER_S * (self.seconds or 0.0)
        if lately is None:
            return True if bursts else None
        return True if lately > ALERT_PER_S else None if bursts or grown is None else False


def at_least(count: int) -> float:
    """Return the 95 % lower bound of what is expected where so many events were seen (Poisson).

    By the square root, which makes the spread the same for every count; within a tenth of the exact bound.
    """
    return max(math.sqrt(max(count, 0)) - Z_95 / 2, 0.0) ** 2


class Cluster:
    """The rates of every node of one evidence.

    Args:
        evidence: What was read of the cluster.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Work out which processes are down, and keep every node's rates."""
        up = raft.processes(evidence)
        self.evidence = evidence
        self.nodes = tuple(Rates(node, up[node.node] is False) for node in evidence.nodes)

    @property
    def high(self) -> tuple[Rates, ...]:
        """Return the nodes on which deadlocks are known to be frequent."""
        return tuple(node for node in self.nodes if node.is_high)

    @property
    def is_counted(self) -> bool:
        """Return whether any page counts deadlocks; where none does, the alert goes by something else."""
        pages = (node.node.newest_metrics for node in self.nodes)
        return any(page is not None and page.deadlocks_total is not None for page in pages)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the nodes of which that is not known."""
        return tuple(node.name for node in self.nodes if node.is_high is None or not self.is_counted)
