"""Clusters of any size for the pictures: whole, cut into islands, with gossip blocked or hosts gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.pictures.links.model import LinkMap, link_facts
from runbooks import leader_election
from runbooks.evidence import Evidence, NodeEvidence, Role
from tests.builders import evidence, node

Pair = tuple[str, str]


def names_of(count: int) -> tuple[str, ...]:
    """`node1` to `nodeN`."""
    return tuple(f"node{number}" for number in range(1, count + 1))


def cluster(
    count: int, cuts: Mapping[Pair, str] | None = None, leader: str | None = "node1", **changes: object
) -> Evidence:
    """So many nodes; without a leader all are candidates."""
    names = names_of(count)
    rest = Role.FOLLOWER if leader else Role.CANDIDATE
    return evidence(
        *(
            node(name, names=names, cuts=cuts, role=Role.LEADER if name == leader else rest, **changes)  # type: ignore[arg-type]
            for name in names
        )
    )


def islands(*groups: Iterable[int], result: str = "timeout") -> dict[Pair, str]:
    """Every link between nodes of different groups, by their numbers, cut both ways."""
    home = {f"node{number}": place for place, group in enumerate(groups) for number in group}
    return {(one, other): result for one in home for other in home if home[one] != home[other]}


def without_gossip(read: Evidence, *pairs: Pair) -> Evidence:
    """The same with these connects to the gossip port refused, or all of them where none is named."""

    def blocked(member: NodeEvidence) -> NodeEvidence:
        connects = tuple(
            connect.model_copy(update={"result": "refused", "latency_ms": None})
            if connect.port == "gossip" and (not pairs or (member.node, connect.peer) in pairs)
            else connect
            for connect in member.connects.value or ()
        )
        return member.model_copy(update={"connects": member.connects.model_copy(update={"value": connects})})

    return read.model_copy(update={"nodes": tuple(map(blocked, read.nodes))})


def instead(read: Evidence, *members: NodeEvidence) -> Evidence:
    """The same with some nodes' evidence replaced."""
    new = {member.node: member for member in members}
    return read.model_copy(update={"nodes": tuple(new.get(old.node, old) for old in read.nodes)})


def seen(read: Evidence) -> LinkMap:
    """What the link map of an evidence says."""
    return link_facts(read, leader_election.diagnose(read))
