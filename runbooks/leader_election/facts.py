"""What the four causes are judged on: each figure derived once from the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runbooks import raft
from runbooks.evidence import Clock, Connect, Evidence, Metrics
from runbooks.model import CanElect, Leadership

STORM_ELECTIONS = 2
STORM_ELECTIONS_PER_S = 0.5
"""Elections between two readings, cluster-wide, from which on leaders do not last: one alone may be an
ordinary failover; one in two seconds, again and again, leaves no leader the time to be followed."""

STORM_LOG_ELECTIONS_PER_MIN = 20
"""The same in a log window, for where a counter could not be read twice."""

MAX_RECOMMENDED_SKEW_MS = 500.0
"""The leader-election runbook's limit."""


@dataclass(frozen=True)
class Facts:
    """One evidence with everything that is computed from it, lazily and once."""

    evidence: Evidence

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Configured members."""
        return self.evidence.names

    @cached_property
    def needed(self) -> int:
        """Votes that make a majority of the configured size."""
        return raft.quorum(len(self.names))

    @cached_property
    def up(self) -> dict[str, raft.Tri]:
        """Which processes are up."""
        return raft.processes(self.evidence)

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Nodes whose process is up for certain."""
        return tuple(name for name in self.names if self.up[name])

    @cached_property
    def raft_links(self) -> dict[raft.Pair, raft.Tri]:
        """Who reaches whom on the Raft port."""
        return raft.links(self.evidence, "raft")

    @cached_property
    def cut_links(self) -> tuple[tuple[str, Connect], ...]:
        """(observer, connect) on the Raft port that failed although the peer's process may be up.

        A connect that is refused by a peer known to be down is the process's fault, not the link's.
        """
        return tuple(
            (node.node, connect)
            for node in self.evidence.nodes
            for connect in node.connects.value or ()
            if connect.port == "raft"
            and connect.result not in ("open", "unknown")
            and self.up.get(connect.peer) is not False
        )

    @cached_property
    def can_elect(self) -> CanElect:
        """Whether some node could collect a majority over the Raft links."""
        return raft.can_elect(self.names, self.up, self.raft_links)

    @cached_property
    def leadership(self) -> Leadership:
        """Who leads in the newest samples."""
        return raft.leadership({node.node: node.newest_metrics for node in self.evidence.nodes})

    @cached_property
    def steady_leader(self) -> str | None:
        """The node that led the same term in both samples, was acknowledged by a majority, and is not
        contradicted by the links: an isolated leader claims on for a while."""
        first = raft.leadership({node.node: node.metrics.value for node in self.evidence.nodes})
        last = self.leadership
        if last.leader is None or not last.majority or (first.leader, first.term) != (last.leader, last.term):
            return None
        best_case = raft.quorum_connected(
            self.names,
            {name: state is not False for name, state in self.up.items()},
            {pair: state is not False for pair, state in self.raft_links.items()},
        )
        return last.leader if last.leader in best_case else None

    @cached_property
    def elections(self) -> tuple[int, float] | None:
        """Elections that were started between the two samples, and the seconds between them.

        A counter that fell was reset by a restart: what it shows now is what was added since.
        """
        added, seconds = 0, []
        for node in self.evidence.nodes:
            before, after = node.metrics.value, node.metrics_again.value
            if not before or not after or before.elections_total is None or after.elections_total is None:
                continue
            grown = after.elections_total - before.elections_total
            added += grown if grown >= 0 else after.elections_total
            seconds.append((node.metrics_again.at - node.metrics.at).total_seconds())
        return (added, max(seconds)) if seconds else None

    @cached_property
    def log_elections_per_min(self) -> float | None:
        """Elections per minute in the log windows, all nodes together."""
        logs = [node.log.value for node in self.evidence.nodes if node.log.value]
        rates = [log.counts.get("election_started", 0) * 60 / max(log.window_s, 1.0) for log in logs]
        return sum(rates) if rates else None

    @cached_property
    def storm(self) -> bool | None:
        """Whether elections follow each other; `None` where neither counters nor logs could be read."""
        if self.elections:
            added, seconds = self.elections
            return added >= STORM_ELECTIONS and added >= STORM_ELECTIONS_PER_S * seconds
        if self.log_elections_per_min is not None:
            return self.log_elections_per_min >= STORM_LOG_ELECTIONS_PER_MIN
        return None

    @cached_property
    def round_trip_ms(self) -> float | None:
        """The mean round trip of the slowest pair: a candidate needs every voter of a majority."""
        means = [
            ping.rtt_avg_ms
            for node in self.evidence.nodes
            for ping in node.pings.value or ()
            if ping.rtt_avg_ms is not None
        ]
        return max(means, default=None)

    @cached_property
    def pings(self) -> tuple[int, int]:
        """(sent, received) over all pairs."""
        pings = [ping for node in self.evidence.nodes for ping in node.pings.value or ()]
        return sum(p.sent for p in pings), sum(p.received for p in pings)

    @cached_property
    def timeouts_ms(self) -> dict[str, tuple[int, int]]:
        """Per node the configured (min, max) election timeout; a single value counts as both."""
        configs = {node.node: node.config.value for node in self.evidence.nodes}
        return {
            name: (
                config.election_timeout_min_ms,
                config.election_timeout_max_ms or config.election_timeout_min_ms,
            )
            for name, config in configs.items()
            if config and config.election_timeout_min_ms is not None
        }

    @cached_property
    def clocks(self) -> dict[str, Clock]:
        """The clocks that could be read."""
        return {node.node: node.clock.value for node in self.evidence.nodes if node.clock.value}

    @cached_property
    def skewed(self) -> tuple[str, ...]:
        """Nodes whose whole offset interval lies beyond the recommended limit."""
        return tuple(
            name
            for name, clock in self.clocks.items()
            if abs(clock.offset_ms) - clock.error_ms > MAX_RECOMMENDED_SKEW_MS
        )

    def metrics(self, name: str) -> Metrics | None:
        """A node's newest metrics."""
        return self.evidence.node(name).newest_metrics
