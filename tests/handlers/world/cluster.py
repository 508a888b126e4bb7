"""A cluster that is told what to show, and feels what is done to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from handlers.errors import (
    UnknownCluster,
)
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Role
from runbooks.plans import Action
from runbooks.posture.inventory import Inventory
from tests.builders import after, evidence, led_by, reaching


@dataclass
class Cluster:
    """A cluster that shows what the test says, and feels what is done to it.

    `leads_after` is after how many actions a leader stands, `None` for never; `deaf` names nodes on which
    actions have no effect that shows; `breaks` names links that fail once their first node is acted on;
    `comes_meanwhile` happens during each reading.
    """

    shows: Evidence = field(default_factory=evidence)
    shows_first: tuple[Evidence, ...] = ()
    leader: str | None = None
    term: int = 8
    silent: set[str] = field(default_factory=set)
    reads: int = 0
    clusters: tuple[str, ...] = ("demo",)
    commits: int = 100
    leads_after: int | None = 2
    deaf: set[str] = field(default_factory=set)
    breaks: dict[str, str] = field(default_factory=dict)
    felt: int = 0
    comes_meanwhile: Callable[[], None] = lambda: None
    sites: Inventory = field(default_factory=Inventory)

    async def read(self, cluster: str) -> Evidence:
        if cluster not in self.clusters:
            raise UnknownCluster
        self.reads += 1
        self.comes_meanwhile()
        return self.shows

    async def read_lately(self, cluster: str) -> Evidence:
        return await self.read(cluster)

    async def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        for early in self.shows_first:
            yield early
        yield await self.read(cluster)

    def inventory(self, cluster: str) -> Inventory:
        return self.sites

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        self.commits += 1 if self.leader else 0
        return {name: None if name in self.silent else self._sample(name) for name in self.shows.names}

    def feel(self, action: Action) -> None:
        """Show the effect of an action."""
        self.felt += 1
        nodes = self.shows.nodes
        if action.node not in self.deaf:
            nodes = tuple(after(action, node) if node.node == action.node else node for node in nodes)
            if action.type == "start_service":
                nodes = tuple(reaching(node, action.node) for node in nodes)
            if action.type == "transfer_leadership":
                self.leader, self.term = action.to, self.term + 1
                nodes = tuple(led_by(node, action.to or "", self.term) for node in nodes)
        if peer := self.breaks.get(action.node):
            nodes = tuple(
                reaching(node, peer, "timeout") if node.node == action.node else node for node in nodes
            )
        if self.leads_after is not None and self.felt >= self.leads_after:
            self.leader, self.term = self.leader or self.shows.names[0], 8
            nodes = tuple(led_by(node, self.leader, self.term) for node in nodes)
        self.shows = self.shows.model_copy(update={"nodes": nodes})

    def _sample(self, name: str) -> Metrics:
        role = Role.LEADER if name == self.leader else Role.FOLLOWER
        role = role if self.leader else Role.CANDIDATE
        return Metrics(
            role=role,
            term=self.term,
            commit_index=self.commits,
            applied_index=self.commits - unapplied(self.shows.node(name)),
        )


def unapplied(member: NodeEvidence) -> int:
    """Return how many entries a node holds and has not applied."""
    page = member.newest_metrics
    return (page.commit_index or 0) - (page.applied_index or 0) if page else 0
