"""Neumann's own runbook page, its commands scripted as they stand and its causes asked in its order.

As they stand: `grep leader` finds the word whatever number is behind it, and the `nc` pipeline says FAIL for
a refused connection and nothing for one that timed out.
"""

from __future__ import annotations

from lab.scenarios import Scenario
from measure.accuracy.answers import Answer, claim
from runbooks.evidence import Evidence, NodeEvidence

FREQUENT_ELECTIONS = 5


def page(scenario: Scenario) -> Answer:
    """Go down the page and stop at the first cause that its commands show."""
    evidence = Evidence.model_validate(scenario.evidence)
    nodes = evidence.nodes
    if any(_grep_leader(node, one_hot=scenario.one_hot) for node in nodes):
        return claim("alert_stale")
    if any(_nc_says_fail(node) for node in nodes):
        return claim("network_partition")
    if any(_timedatectl_complains(node) for node in nodes):
        return claim("clock_skew", _on_all("clock_sync", nodes))
    if sum(node.metrics.value is not None for node in nodes) < len(nodes) // 2 + 1:
        return claim("quorum_loss")
    if any(_election_lines(node) > FREQUENT_ELECTIONS for node in nodes):
        changes = _on_all("set_election_timeouts", nodes) | _on_all("restart_service", nodes)
        return claim("aggressive_timeouts", changes)
    return Answer((("none_known", "undetermined"),))


def _grep_leader(node: NodeEvidence, *, one_hot: bool) -> bool:
    """Play `curl -s http://$node:9090/metrics | grep tensor_chain_raft_state`, then `grep leader`."""
    page_read = node.metrics.value
    return page_read is not None and (one_hot or page_read.role == "leader")


def _nc_says_fail(node: NodeEvidence) -> bool:
    """Play `nc -zv $peer 7878 2>&1 | grep -v "Connection refused" || echo "FAIL: $peer"`."""
    return any(c.port == "raft" and c.result == "refused" for c in node.connects.value or ())


def _timedatectl_complains(node: NodeEvidence) -> bool:
    clock = node.clock.value
    return clock is not None and (not clock.synchronised or clock.ntp_service_active is False)


def _election_lines(node: NodeEvidence) -> int:
    """Count the lines of `grep -E "(election|vote|term)" | tail -100`."""
    log = node.log.value
    seen = ("election_started", "election_won", "became_leader", "vote_denied")
    return sum(log.counts.get(event, 0) for event in seen) if log else 0


def _on_all(action: str, nodes: tuple[NodeEvidence, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((action, node.node) for node in nodes)
