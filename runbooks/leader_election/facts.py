"""Figures on which the causes are judged, each derived once from the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runbooks import raft
from runbooks.clocks import believed_clocks, is_surely_skewed, says_time
from runbooks.clocks_apart import Apart, clocks_apart
from runbooks.evidence import Clock, Evidence, Log, Metrics, NodeEvidence
from runbooks.leader_election.configured import election_timeouts_of
from runbooks.leader_election.round_trips import connected_ms, pinged_ms, slowest_pings_ms
from runbooks.leader_election.witnesses import is_contradicted
from runbooks.model import Leadership
from runbooks.process_signs import is_mute, is_steady

STORM_ELECTIONS = 2
STORM_ELECTIONS_PER_S = 0.5
"""Elections between two readings, cluster-wide, from which on leaders do not last: one alone may be an
ordinary failover; one in two seconds, again and again, leaves no leader the time to be followed."""

STORM_LOG_ELECTIONS_PER_MIN = 20
"""Elections in a log window from which on leaders do not last, where no counter could be read twice."""

UNRELATED_COMPLAINTS = (
    *("tls_failed", "wal_failed", "peer_mismatch"),
    *("version_mismatch", "rate_limited", "accept_error"),
)
CURRENT_LOG_S = 60.0
"""A log that nothing was written to for longer tells history: a fault that lasts goes on being logged."""

BELIEVED_COMPLAINTS = 3
"""Unrelated complaints in one minute of a log; one with more was not written by Neumann."""


@dataclass(frozen=True)
class Facts:
    """One evidence with everything that is computed from it, lazily and once."""

    evidence: Evidence

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the names of the configured members."""
        return self.evidence.names

    @cached_property
    def needed(self) -> int:
        """Return the votes that make a majority of the configured size."""
        return raft.quorum(len(self.names))

    @cached_property
    def up(self) -> dict[str, raft.Tri]:
        """Return by node whether its process is up; `None` where that is not known."""
        return raft.processes(self.evidence)

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Return the nodes whose process is up for certain."""
        return tuple(name for name in self.names if self.up[name])

    @cached_property
    def told_results(self) -> dict[raft.Pair, str]:
        """Return what each connect to a Raft port gave by the agents' words, believed or not."""
        return raft.connect_results(self.evidence, "raft")

    @cached_property
    def raft_results(self) -> dict[raft.Pair, str]:
        """Return what each connect to a Raft port gave, of the pairs that were tried and are believed."""
        return {pair: told for pair, told in self.told_results.items() if pair[0] not in self.disbelieved}

    @cached_property
    def gossip_results(self) -> dict[raft.Pair, str]:
        """Return what each connect to a gossip port gave."""
        results = raft.connect_results(self.evidence, "gossip")
        return {pair: result for pair, result in results.items() if pair[0] not in self.disbelieved}

    @cached_property
    def is_patchy(self) -> bool:
        """Return whether some connects fail on the Raft port alone, and others on the gossip port alone."""
        odd = {
            result
            for pair, result in self.raft_results.items()
            if {result, self.gossip_results.get(pair)} == {"open", "timeout"}
        }
        return len(odd) == 2

    @cached_property
    def disbelieved(self) -> frozenset[str]:
        """Return the agents whose connects are contradicted, and so are taken for unread."""
        # Who finds no address complains of nobody's links.
        failing = (pair for pair, result in self.told_results.items() if result not in ("open", "dns"))
        complaining = {one for one, other in failing if self.up[other]}
        name = next(iter(complaining), "")
        if len(complaining) != 1 or not is_contradicted(name, self.evidence, self.told_results, self.up):
            return frozenset()
        # A firewall on the way out looks the same, but then peers hear nothing of it, and gossip shows that.
        return frozenset() if self._is_missed(name) else frozenset(complaining)

    def _is_missed(self, name: str) -> bool:
        """Return whether others' gossip holds somebody failed for no reason in their connects or clocks."""
        gossip = raft.connect_results(self.evidence, "gossip").items()
        explained = any(
            result != "open" and one != name and self.up[other] for (one, other), result in gossip
        )
        others = (peer for peer in self.names if peer != name)
        return not explained and not self.skewed and any(self.gossip_failed(peer) for peer in others)

    @cached_property
    def leadership(self) -> Leadership:
        """Return who leads in the newest samples."""
        return raft.leadership({node.node: node.newest_metrics for node in self.evidence.nodes})

    @cached_property
    def first_leadership(self) -> Leadership:
        """Return who led in the first samples; where only the agent read the page, its sample is both."""
        return raft.leadership(
            {node.node: node.metrics.value or node.local_metrics.value for node in self.evidence.nodes}
        )

    def was_read_twice(self, name: str) -> bool:
        """Return whether a node's page was read more than once, so that something may have lasted."""
        node = self.node(name)
        return sum(r.value is not None for r in (node.metrics, node.metrics_again, node.local_metrics)) > 1

    @cached_property
    def elections(self) -> tuple[int, float] | None:
        """Return the elections started between the two samples, and the seconds between them."""
        return raft.elections_between_samples(self.evidence)

    @cached_property
    def log_elections_per_min(self) -> float | None:
        """Return the elections per minute in the log windows, all nodes together."""
        logs = [log for name in self.names if (log := self.current_log(name))]
        rates = [log.counts.get("election_started", 0) * 60 / max(log.window_s, 1.0) for log in logs]
        return sum(rates) if rates else None

    @cached_property
    def log_window_s(self) -> float:
        """Return how far back the nodes' current logs were counted, in seconds: of several, the longest."""
        return max((log.window_s for name in self.names if (log := self.current_log(name))), default=0.0)

    @cached_property
    def storm(self) -> bool | None:
        """Return whether elections follow each other; `None` where neither counters nor logs were read."""
        if self.elections:
            added, seconds = self.elections
            return added >= STORM_ELECTIONS and added >= STORM_ELECTIONS_PER_S * seconds
        if self.log_elections_per_min is not None:
            return self.log_elections_per_min >= STORM_LOG_ELECTIONS_PER_MIN
        return None

    @cached_property
    def round_trip_ms(self) -> float | None:
        """Return the slowest pair's mean round trip in ms: a candidate needs every voter of a majority."""
        return max(pinged_ms(self.evidence), default=connected_ms(self.evidence))

    @cached_property
    def slowest_round_trip_ms(self) -> float | None:
        """Return in ms the slowest single round trip of any pair."""
        return max(slowest_pings_ms(self.evidence), default=connected_ms(self.evidence))

    @cached_property
    def timeouts_ms(self) -> dict[str, tuple[int, int]]:
        """Return by node the (min, max) election timeout; a single value counts as both.

        A file that was read and names none leaves the documented defaults in force.
        """
        return {
            node.node: election_timeouts_of(node.config.value)
            for node in self.evidence.nodes
            if node.config.value and not node.config.value.malformed
        }

    @cached_property
    def clocks(self) -> dict[str, Clock]:
        """Return by node the clocks that could be read, as far as they are believed."""
        return believed_clocks(self.evidence)

    @cached_property
    def clocks_apart(self) -> dict[raft.Pair, Apart]:
        """Return by pair how far two clocks are apart, of those of which somebody can tell."""
        return clocks_apart(self.evidence, self.clocks)

    @cached_property
    def skewed(self) -> tuple[str, ...]:
        """Return the nodes whose whole offset interval lies beyond the recommended limit."""
        return tuple(
            name for name, clock in self.clocks.items() if says_time(clock) and is_surely_skewed(clock)
        )

    @cached_property
    def mute(self) -> frozenset[str]:
        """Return the nodes whose page answers nobody in time, not even on their own host.

        Such a process hangs; when it has done so for long, its accept queue is full and connects time out.
        """
        return frozenset(node.node for node in self.evidence.nodes if is_mute(node))

    @cached_property
    def by_name(self) -> dict[str, NodeEvidence]:
        """Return the evidence of each node by its name."""
        return {node.node: node for node in self.evidence.nodes}

    def node(self, name: str) -> NodeEvidence:
        """Return a node's evidence."""
        return self.by_name[name]

    def gossip_failed(self, name: str) -> int | None:
        """Return how many peers a node's gossip holds failed beyond those that are known to be away."""
        metrics = self.metrics(name)
        if metrics is None or metrics.gossip_failed is None:
            return None
        away = len(self.names) - len(self.running) - (self.up[name] is not True)
        return max(metrics.gossip_failed - away, 0)

    def steady(self, name: str) -> bool:
        """Return whether a process answered the bot throughout, without having been restarted in between."""
        return is_steady(self.node(name))

    def metrics(self, name: str) -> Metrics | None:
        """Return a node's newest metrics."""
        return self.node(name).newest_metrics

    def log(self, name: str) -> Log | None:
        """Return a node's log summary."""
        return self.node(name).log.value

    def current_log(self, name: str) -> Log | None:
        """Return a node's log summary if the log is still being written: old lines are history."""
        log = self.log(name)
        return None if log is None or (log.silent_s or 0) > CURRENT_LOG_S else log

    def logged(self, name: str, *events: str) -> int:
        """Return how often a node's current log held these events; 0 if it complains of everything."""
        log = self.current_log(name)
        if (
            log is None
            or sum(bool(log.counts.get(kind)) for kind in UNRELATED_COMPLAINTS) > BELIEVED_COMPLAINTS
        ):
            return 0
        return sum(log.counts.get(event, 0) for event in events)

    def logged_per_min(self, name: str, *events: str) -> float:
        """Return how often a minute a node's current log holds these events."""
        log = self.current_log(name)
        return self.logged(name, *events) * 60 / max(log.window_s, 1.0) if log else 0.0
