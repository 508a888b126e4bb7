"""Find why no leader lasts although enough nodes could vote: half-cut links, loss, disks, logs, timeouts."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.evidence import NodeEvidence, Ping, Role
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.mtu import mtu_finding
from runbooks.leader_election.structure import CUTS, Structure
from runbooks.leader_election.timeout_findings import (
    malformed_findings,
    mixed_timeouts_findings,
    timeouts_finding,
)
from runbooks.model import SURE, Finding, Verdict
from runbooks.statistics import wilson_interval
from runbooks.wording import listed

SLOW_IO_STALLED_PERCENT = 20.0
"""Share of the time in which every task waits for the disk; from here on an fsync outlasts a heartbeat."""

HEAVY_IO_STALLED_PERCENT = 50.0
"""From here on a node waits for its disk more often than not: it keeps up with no leader."""

SLOW_RETRIES_PER_MIN = 3.0
"""Writes a minute that were tried again, from which on they do harm: each holds Raft for 100 to 200 ms, as
long as one election timeout, so fewer cost a leader every minute at most."""

FAR_BEHIND_ENTRIES = 20
"""A follower that hears its leader is a round of appends behind at the most; this is not that."""

HEAVY_LOSS = 0.15
BAD_LOSS = 0.05
"""From 5 % on, heartbeat gaps of 150 ms come every few minutes; the links are to be mended first."""


def churn_findings(facts: Facts, structure: Structure) -> Iterator[Finding]:
    """Yield the findings that may explain why a cluster that could elect has no lasting leader."""
    found = [
        finding
        for find in (_partial_partition, _packet_loss, mtu_finding, _slow_disk, _stale_log)
        if (finding := find(facts, structure))
    ]
    yield from found
    explained = any(finding.verdict in SURE for finding in found)
    yield timeouts_finding(facts, structure, explained=explained)
    yield from mixed_timeouts_findings(facts)
    yield from malformed_findings(facts)


def _restless(facts: Facts) -> bool:
    return bool(facts.storm)


def _partial_partition(facts: Facts, structure: Structure) -> Finding | None:
    cut = [denial for cause in CUTS for denial in structure.of(cause)]
    if not cut or structure.can_elect != "yes":
        return None
    nodes = {name for denial in cut for name in denial.nodes}
    known = _known_without_any_one(tuple(cut))
    two_way = any(denial.cause == RootCause.NETWORK_PARTITION for denial in cut)
    roles = all(m is not None and m.role for m in map(facts.metrics, facts.running))
    # A disk that could not be read may be full, a service may be stopped; then the majority is none.
    disks_read = all(facts.node(name).disk.value for name in facts.running)
    services_read = all(node.service.value for node in facts.evidence.nodes)
    corroborated = known is Known.CORROBORATED and two_way and disks_read and services_read
    sure = Verdict.CONFIRMED if corroborated and roles else Verdict.LIKELY
    all_seen = all(facts.metrics(name) for name in facts.running) and all(
        node.connects.value is not None for node in facts.evidence.nodes
    )
    weaker = Verdict.LIKELY if corroborated else Verdict.POSSIBLE  # with pre-vote on, nobody even stands
    return Finding(
        cause=RootCause.PARTIAL_PARTITION,
        verdict=(sure if facts.storm else weaker) if all_seen else Verdict.POSSIBLE,
        nodes=tuple(name for name in facts.names if name in nodes),
        evidence_for=(
            *structure.evidence_for(tuple(cut)),
            "a majority is still connected, but nodes that do not hear the leader keep calling elections",
        ),
    )


def _known_without_any_one(cut: tuple[Denial, ...]) -> Known:
    """Return how well it is known that some link is cut, whichever single witness is left out."""
    witnesses = {denial.by for denial in cut}
    left = (max((d.known for d in cut if d.by != each), default=Known.BY_ONE) for each in witnesses)
    return min(left)


def _packet_loss(facts: Facts, structure: Structure) -> Finding | None:
    pings = [
        (node.node, ping)
        for node in facts.evidence.nodes
        for ping in node.pings.value or ()
        if ping.sent and ping.is_possible and facts.up.get(ping.peer) is not False and ping.received
    ]
    sent, received = sum(p.sent for _, p in pings), sum(p.received for _, p in pings)
    if not sent or received == sent:
        return None
    low, high = wilson_interval(sent - received, sent)
    lossy = [name for name, ping in pings if ping.received < ping.sent]
    reporters = set(lossy)
    if low <= BAD_LOSS and (sent - received) / sent <= BAD_LOSS:
        return None
    storm = _restless(facts)
    alone = len(reporters) == 1 and _is_contradicted(pings, reporters)
    sure = low > BAD_LOSS and len(reporters) > 1 and storm
    # With pre-vote on, votes that get lost raise neither terms nor counters.
    likely = (low > BAD_LOSS / 2 and storm) or low > HEAVY_LOSS
    # Where nobody could be elected over sound links either, the loss is not why.
    moot = structure.can_elect == "no"
    verdict = Verdict.CONFIRMED if sure else Verdict.LIKELY if likely else Verdict.POSSIBLE
    return Finding(
        cause=RootCause.PACKET_LOSS,
        verdict=Verdict.POSSIBLE if moot or alone else verdict,
        evidence_against=("nobody could be elected over sound links either",) if moot else (),
        nodes=tuple(name for name in facts.names if name in reporters),
        evidence_for=(
            f"{sent - received} of {sent} pings were lost: {low:.0%} to {high:.0%} at 95 % "
            f"(agents of {listed(sorted(reporters))})",
        ),
        would_decide=None if sure else "300 pings a pair",
    )


def _is_contradicted(pings: list[tuple[str, Ping]], reporters: set[str]) -> bool:
    """Return whether the peers' own pings to the reporters all came back: each crosses the link both ways."""
    back = [ping for name, ping in pings if ping.peer in reporters and name not in reporters]
    return bool(back) and all(ping.received == ping.sent for ping in back)


def _slow_disk(facts: Facts, structure: Structure) -> Finding | None:
    full = structure.nodes_of(RootCause.STORAGE_FULL)
    signs = {node.node: _slow(facts, node) for node in facts.evidence.nodes if node.node not in full}
    signs = {name: words for name, words in signs.items() if words}
    if not signs:
        return None
    # One source alone must at least be seen to do harm; and where nobody could be elected with any disk,
    # or something else is sure to keep them from it, a slow one is not why.
    strong = any(len(words) > 1 for words in signs.values())
    needless = structure.can_elect == "no" or any(verdict in SURE for verdict in structure.verdicts.values())
    too_many = len(facts.names) - len(signs) < facts.needed
    weak = Verdict.LIKELY if too_many and (_restless(facts) or _stalls(facts)) else None
    sure = Verdict.CONFIRMED if strong else weak
    against = [] if _restless(facts) else ["no elections were seen to follow each other"]
    if needless:
        against.append("nobody could be elected with a faster disk either")
    return Finding(
        cause=RootCause.SLOW_DISK,
        verdict=Verdict.POSSIBLE if needless or sure is None else sure,
        nodes=tuple(signs),
        evidence_for=tuple(f"{name}: {'; '.join(words)}" for name, words in signs.items()),
        evidence_against=tuple(against),
    )


def _slow(facts: Facts, node: NodeEvidence) -> list[str]:
    signs = []
    retries = facts.logged(node.node, "wal_retrying", "wal_failed")
    if facts.logged_per_min(node.node, "wal_retrying", "wal_failed") >= SLOW_RETRIES_PER_MIN:
        signs.append(f"writes of its log of record were tried again {retries} times (log, {node.log.by})")
    disk = node.disk.value
    if disk and (disk.io_stalled_percent or 0) >= SLOW_IO_STALLED_PERCENT:
        signs.append(f"waits for its disk {disk.io_stalled_percent:.0f} % of the time ({node.disk.by})")
    return signs


def _stalls(facts: Facts) -> bool:
    """Return whether too many disks stall for a majority to write in time, even if no election is seen."""
    stalled = [
        node.node
        for node in facts.evidence.nodes
        if node.disk.value and (node.disk.value.io_stalled_percent or 0) >= HEAVY_IO_STALLED_PERCENT
    ]
    return len(facts.names) - len(stalled) < facts.needed


def _stale_log(facts: Facts, structure: Structure) -> Finding | None:
    denied = {name: count for name in facts.names if (count := facts.logged(name, "vote_denied_log"))}
    indexes = {
        name: m.commit_index
        for name in facts.names
        if (m := facts.metrics(name)) and m.commit_index is not None
    }
    newest = max(indexes.values(), default=0)
    lag = 1 if denied else FAR_BEHIND_ENTRIES
    behind = tuple(name for name, index in indexes.items() if newest - index >= lag)
    campaigning = {name for name in facts.names if _campaigns(facts, name)}
    if not campaigning or not campaigning <= set(behind):
        return None  # votes are denied for an older log in any storm; it holds up only who is behind
    signs = [
        f"{name} denied {count} votes for an older log (log, agent:{name})" for name, count in denied.items()
    ]
    signs += [f"{name} stands at {indexes[name]}, the newest at {newest} (bot)" for name in behind]
    # Where not even the newest log could win, an older one is not what is in the way.
    moot = structure.can_elect == "no"
    unseen = [name for name in facts.names if facts.metrics(name) is None and facts.up[name] is not False]
    undecided = None if denied else "whether votes are denied for an older log (RUST_LOG=debug)"
    if unseen:
        undecided = f"whether {listed(unseen)} stands for election too"
    return Finding(
        cause=RootCause.STALE_LOG,
        verdict=Verdict.POSSIBLE if moot else Verdict.LIKELY if undecided else Verdict.CONFIRMED,
        nodes=tuple(name for name in facts.names if name in campaigning),
        evidence_for=(*signs, f"only {listed(sorted(campaigning))} stands for election (bot)"),
        evidence_against=("no majority could vote for the newest log either",) if moot else (),
        would_decide=undecided,
    )


def _campaigns(facts: Facts, name: str) -> bool:
    """Return whether a node stood for election between the samples, or stands now.

    Both are asked: with long timeouts one may stand through both samples, and its counter rests.
    """
    samples = facts.node(name).metrics.value, facts.node(name).metrics_again.value
    counts = [m.elections_total for m in samples if m and m.elections_total is not None]
    metrics = facts.metrics(name)
    return counts != sorted(counts, reverse=True) or (metrics is not None and metrics.role is Role.CANDIDATE)
