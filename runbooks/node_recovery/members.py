"""How each node stands as a member of its cluster: figures, without judging them."""

from __future__ import annotations

from runbooks import raft
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Role
from runbooks.gaps import Gap, Gaps
from runbooks.planning.quorum_gate import CAUGHT_UP_ENTRIES
from runbooks.process_signs import STOPPED, YOUNG_S

SETTLED_S = 1.0
"""A follower learns with the next heartbeat what is committed: what is committed in a second is no lag."""

HEALTHY = "healthy"
"""The one status that Neumann's monitoring page documents for a node that is well."""


class Members:
    """The members of one evidence, and whom they follow.

    Args:
        evidence: What was read of the cluster.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Work out who leads, who runs, and how far each is behind."""
        self.evidence = evidence
        self.gaps = Gaps(evidence)
        self.up = self.gaps.up
        self.connects = raft.connect_results(evidence, "raft")

    @property
    def leader(self) -> str | None:
        """Return the node that leads with a majority."""
        return self.gaps.leader

    @property
    def level_entries(self) -> float:
        """Return how many entries behind the leader still count as level with it."""
        return max(CAUGHT_UP_ENTRIES, (self.gaps.commits_per_s or 0.0) * SETTLED_S)

    def gap(self, name: str) -> Gap | None:
        """Return how far a node is behind; `None` where that is not known."""
        return self.gaps.of.get(name)

    def told_by_peers(self, name: str) -> dict[str, str]:
        """Return by peer what its connect to this node's Raft port gave."""
        return {pair[0]: result for pair, result in self.connects.items() if pair[1] == name}

    def refused_by(self, name: str) -> list[str]:
        """Return the peers whose connects to this node are refused."""
        return [peer for peer, result in self.told_by_peers(name).items() if result == "refused"]

    def cut_from_leader(self, name: str) -> list[str]:
        """Return a phrase for each direction in which this node and the leader do not reach each other."""
        pairs = [(name, self.leader), (self.leader, name)]
        results = {(one, other): self.connects.get((one, other)) for one, other in pairs if one and other}
        return [
            f"{one} → {other}: {result} (agent:{one})"
            for (one, other), result in results.items()
            if result not in (None, "open")
        ]

    def follows(self, page: Metrics, name: str) -> bool | None:
        """Return whether a node's page shows it in its place under the leader; `None` if it does not say."""
        if name == self.leader:
            return True
        if page.role is None or page.term is None:
            return None
        return page.role is Role.FOLLOWER and page.term == self.gaps.leadership.term


def bots_page(node: NodeEvidence) -> Metrics | None:
    """Return a node's newest page that came to the bot itself."""
    return node.metrics_again.value or node.metrics.value


def is_unhealthy(node: NodeEvidence) -> bool:
    """Return whether a node's /health says that it is not well; one that has none says nothing."""
    return node.health.value is not None and node.health.value.status.lower() != HEALTHY


def has_run_for_long(node: NodeEvidence) -> bool:
    """Return whether a process is past its start by its service manager, and not between two crashes."""
    running_s = node.service.value.running_s if node.service.value else None
    return running_s is not None and running_s >= YOUNG_S


def is_stopped(node: NodeEvidence) -> bool:
    """Return whether its service manager runs no process: what only refuses may be behind a firewall."""
    return node.service.value is not None and node.service.value.state in STOPPED
