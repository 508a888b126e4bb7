"""Raft arithmetic over readings: quorum, who is up, who reaches whom, who leads.

Unknown is `None`, and stays so: what to make of it is for `electability` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import permutations

from runbooks.evidence import Connect, Evidence, Metrics, NodeEvidence, PortName, Role
from runbooks.missing_kind import MissingKind
from runbooks.model import Leadership

Tri = bool | None
Pair = tuple[str, str]

LATE_CONNECTS_MS = 1_250.0
"""Connects that took so long altogether outlasted the agent's own deadline of 1 s by far: it was starved."""


def quorum(configured: int) -> int:
    """Return the votes needed in a cluster of `configured` members: n // 2 + 1 (Raft, section 5.2)."""
    return configured // 2 + 1


def processes(evidence: Evidence) -> dict[str, Tri]:
    """Return by node whether its process is up; `None` where sources are silent or at odds."""
    results: dict[str, set[str]] = {}
    for (_, peer), result in connect_results(evidence, "raft").items():
        results.setdefault(peer, set()).add(result)
    return {node.node: _process(node, frozenset(results.get(node.node, ()))) for node in evidence.nodes}


def _process(node: NodeEvidence, connects: frozenset[str]) -> Tri:
    if node.metrics.value or node.metrics_again.value or node.health.value:
        return True  # it answered the bot: nobody's word about it counts for more
    state = node.service.value.state if node.service.value else "unknown"
    if state in ("inactive", "failed"):
        # What accepts for a process that its own host and the bot find gone is a proxy in front of it.
        gone = is_page_refused(node) and node.metrics.kind is MissingKind.REFUSED
        return None if "open" in connects and not gone else False
    if is_page_refused(node) and "refused" in connects:
        # A process that listens nowhere is no member, whatever the service manager calls it.
        return None if "open" in connects else False
    if "open" in connects or node.local_metrics.value:
        return True
    if state == "active":
        # Refused by the bot and by every peer: it listens nowhere, or a firewall rejects all of them.
        return None if is_refused_by_all(node, connects) or is_page_refused(node) else True
    # A refusal comes from a living host without a listener, or from a firewall that rejects.
    return False if connects == {"refused"} else None


def is_refused_by_all(node: NodeEvidence, connects: Collection[str]) -> bool:
    """Return whether a node refuses the bot its page and its peers their connects, and accepts nobody's."""
    return node.metrics.kind is MissingKind.REFUSED and "refused" in connects and "open" not in connects


def is_page_refused(node: NodeEvidence) -> bool:
    """Return whether a node's page is refused on its own host, and no answer of it came to the bot either."""
    answered = node.metrics.value or node.metrics_again.value or node.health.value
    return node.local_metrics.kind is MissingKind.REFUSED and not answered


def connect_results(evidence: Evidence, port: PortName) -> dict[Pair, str]:
    """Return by (observer, peer) what the connect to that port gave, for each pair that was tried."""
    members = frozenset(evidence.names)
    return {
        (node.node, connect.peer): connect.result
        for node in evidence.nodes
        for connect in node.connects.value or ()
        if connect.port == port and connect.result != "unknown" and connect.peer in members
        if not (connect.result == "timeout" and _is_late(node, connect))
    }


def _is_late(node: NodeEvidence, tried: Connect) -> bool:
    """Return whether a connect may have timed out on a busy agent: late, by chance, and no ping was lost."""
    if node.connects.took_ms <= LATE_CONNECTS_MS or _fails_by_port(node, tried.port):
        return False
    pings = [ping for ping in node.pings.value or () if ping.peer == tried.peer]
    return all(ping.sent and ping.received == ping.sent for ping in pings)


def _fails_by_port(node: NodeEvidence, port: PortName) -> bool:
    """Return whether all connects to one port timed out and all to the other are open: chance is no rule."""
    tried = node.connects.value or ()
    here = {connect.result for connect in tried if connect.port == port}
    there = [connect.result for connect in tried if connect.port != port]
    return here == {"timeout"} and len(there) > 1 and set(there) == {"open"}


def links(evidence: Evidence, port: PortName) -> dict[Pair, Tri]:
    """Return by (observer, peer) whether the observer's connect to that port succeeded."""
    results = connect_results(evidence, port)
    pairs = permutations(evidence.names, 2)
    return {pair: results[pair] == "open" if pair in results else None for pair in pairs}


def quorum_connected(
    names: Iterable[str], up: Mapping[str, bool], open_links: Mapping[Pair, bool]
) -> tuple[str, ...]:
    """Return the nodes that reach, two ways, enough running peers to make a majority with themselves.

    A majority connected component is not enough: a candidate collects every vote itself, so the
    links must run between it and each voter, in both directions.
    """
    members = tuple(names)
    needed = quorum(len(members))

    def reaches(one: str, other: str) -> bool:
        return up[other] and open_links[one, other] and open_links[other, one]

    return tuple(
        one
        for one in members
        if up[one] and 1 + sum(reaches(one, other) for other in members if other != one) >= needed
    )


def leadership(metrics: Mapping[str, Metrics | None]) -> Leadership:
    """Return who leads, from one metrics sample per configured node (`None` where it could not be read).

    A majority in a claimant's own term makes it the leader, whatever term a node that is cut off has
    reached; without one, only a single claim in the highest term counts.
    """
    read = {name: sample for name, sample in metrics.items() if sample is not None}
    claims = tuple(name for name, sample in read.items() if sample.role is Role.LEADER)
    highest = max((sample.term for sample in read.values() if sample.term is not None), default=None)
    followers = {name: _in_its_term(read, name) for name in claims}
    backed = [name for name in claims if len(followers[name]) >= quorum(len(metrics))]
    newest = [name for name in claims if read[name].term == highest]
    chosen = backed if len(backed) == 1 else newest
    if len(chosen) != 1:
        return Leadership(term=highest, highest_term=highest, claimed_by=claims)
    leader = chosen[0]
    return Leadership(
        leader=leader,
        term=read[leader].term,
        highest_term=highest,
        acknowledged_by=followers[leader],
        claimed_by=claims,
        commit_index=read[leader].commit_index,
        majority=leader in backed,
    )


def _in_its_term(read: Mapping[str, Metrics], leader: str) -> tuple[str, ...]:
    term = read[leader].term
    return tuple(
        name
        for name, sample in read.items()
        if term is not None
        and sample.term == term
        and (name == leader or sample.role not in (Role.LEADER, Role.CANDIDATE))
    )


def elections_between_samples(evidence: Evidence) -> tuple[int, float] | None:
    """Return the elections started between the two samples, and the seconds between them.

    A counter that fell was reset by a restart: what it shows now is what was added since. A term is
    one election at least, so the highest term's growth counts where the counters show less.
    """
    added, seconds, terms = 0, [], ([0], [0])
    for node in evidence.nodes:
        before, after = node.metrics.value, node.metrics_again.value
        if not before or not after or before.elections_total is None or after.elections_total is None:
            continue
        for seen, sample in zip(terms, (before, after), strict=True):
            seen.append(sample.term or 0)
        grown = after.elections_total - before.elections_total
        added += grown if grown >= 0 else after.elections_total
        seconds.append((node.metrics_again.at - node.metrics.at).total_seconds())
    return (max(added, max(terms[1]) - max(terms[0])), max(seconds)) if seconds else None
