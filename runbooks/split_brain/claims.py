"""Who claims to lead, in which term, for how long, and whether it commits: figures, without judging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from runbooks import raft
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Role
from runbooks.model import Leadership
from runbooks.planning.node_check import leadership


@dataclass(frozen=True)
class Claim:
    """One node's claim to lead.

    Args:
        node: The node.
        term: The term that it claims to lead; None where its page does not say.
        commit_index: Where it stood at the later sample.
        committed: Entries that it committed between the samples; None with one sample.
        lasted: Whether it claimed the same term in both samples.
        is_logged: Whether its log, which its agent reads, says that it became leader, in no older term.
        first_at: When it was first seen to claim it.
        last_at: When it was last seen to.
    """

    node: str
    term: int | None
    commit_index: int | None
    committed: int | None
    lasted: bool
    is_logged: bool
    first_at: datetime
    last_at: datetime

    @property
    def is_idle(self) -> bool:
        """Return whether it was read twice and committed nothing."""
        return self.committed == 0

    def beside_s(self, other: Claim) -> float:
        """Return for how many seconds both were seen to claim at once; below zero where never."""
        began, ended = max(self.first_at, other.first_at), min(self.last_at, other.last_at)
        return (ended - began).total_seconds()

    def __str__(self) -> str:
        """Return it as a phrase of evidence."""
        fell = self.committed is not None and self.committed < 0
        moved = "" if self.committed is None else f", {self.committed} committed between two readings"
        moved = ", less than at the reading before" if fell else moved
        return f"{self.node} claims to lead term {self.term}, at index {self.commit_index}{moved} (bot)"


class Claims:
    """Every claim to lead of one evidence, the newest term first.

    Args:
        evidence: What was read of the cluster.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Collect the claims, and who could not be read."""
        self.evidence = evidence
        self.leadership: Leadership = leadership(evidence)
        self.all = tuple(sorted(self._claims(), key=lambda claim: -(claim.term or 0)))

    @property
    def unread(self) -> tuple[str, ...]:
        """Return the nodes that may be claiming and were not read."""
        return tuple(
            node.node
            for node in self.evidence.nodes
            # What refuses everybody may be a firewall before a node that leads on; its manager knows.
            if node.newest_metrics is None and not _is_stopped(node)
        )

    @property
    def backed(self) -> Claim | None:
        """Return the claim with a majority in its term.

        A node that is cut off and stands again and again has a newer term, and leads nobody in it.
        """
        if not self.leadership.majority:
            return None
        return next((claim for claim in self.all if claim.node == self.leadership.leader), None)

    @property
    def same_term(self) -> tuple[Claim, ...]:
        """Return the claims that share their term with another that lasted."""
        terms = [claim.term for claim in self.all if claim.lasted and claim.term is not None]
        return tuple(claim for claim in self.all if claim.lasted and terms.count(claim.term or -1) > 1)

    @property
    def older(self) -> tuple[Claim, ...]:
        """Return the claims of a term below the majority's, or else below the newest that is claimed."""
        newest = self.backed.term if self.backed else max((c.term or 0 for c in self.all), default=0)
        return tuple(c for c in self.all if c.term is not None and newest is not None and c.term < newest)

    @property
    def changed(self) -> bool:
        """Return whether a node was seen to lead in one sample and not to lead that term in the other."""
        return any(_changed(node) for node in self.evidence.nodes)

    def hears(self, name: str, other: str) -> bool | None:
        """Return whether two nodes reach each other's Raft port, both ways; None where that was not tried."""
        links = raft.links(self.evidence, "raft")
        ways = {links[name, other], links[other, name]}
        return None if None in ways and False not in ways else ways == {True}

    def _claims(self) -> Iterator[Claim]:
        for node in self.evidence.nodes:
            page = node.newest_metrics
            if page is None or page.role is not Role.LEADER:
                continue
            seen = _seen(node, page)
            yield Claim(
                node.node,
                page.term,
                page.commit_index,
                _committed(node),
                lasted=_lasted(node, page),
                is_logged=_is_logged(node, page.term),
                first_at=min(seen),
                last_at=max(seen),
            )


def _changed(node: NodeEvidence) -> bool:
    before, after = node.metrics.value, node.metrics_again.value
    if before is None or after is None or Role.LEADER not in (before.role, after.role):
        return False
    return (before.role, before.term) != (after.role, after.term)


def _lasted(node: NodeEvidence, page: Metrics) -> bool:
    samples = (node.metrics.value, node.metrics_again.value)
    return all(each is not None and each.role is Role.LEADER and each.term == page.term for each in samples)


def _seen(node: NodeEvidence, page: Metrics) -> list[datetime]:
    """Return when this claim was read; the agent's own reading counts where the bot has none."""
    readings = [each for each in (node.metrics, node.metrics_again, node.local_metrics) if each.value]
    same = [r.at for r in readings if r.value and (r.value.role, r.value.term) == (Role.LEADER, page.term)]
    return same or [readings[-1].at]


def _is_stopped(node: NodeEvidence) -> bool:
    return node.service.value is not None and node.service.value.state in ("inactive", "failed")


def _is_logged(node: NodeEvidence, term: int | None) -> bool:
    log = node.log.value
    if log is None or (log.highest_term is not None and term is not None and log.highest_term < term):
        return False
    return any(log.counts.get(event) for event in ("became_leader", "election_won"))


def _committed(node: NodeEvidence) -> int | None:
    before, after = node.metrics.value, node.metrics_again.value
    if not before or not after or before.commit_index is None or after.commit_index is None:
        return None
    return after.commit_index - before.commit_index
