"""Denials between nodes whose handshakes fail: certificates, protocol versions, ids.

Both ends of a failing handshake log it, so the nodes that complain are not the nodes that are bad. What is
judged are pairs, and the smallest set of bad ends that explains them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import combinations

from runbooks.clocks import MAX_SKEW_MS
from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.certificates import Certificates
from runbooks.leader_election.denials.certificate import refused_pairs, unlogged_denials
from runbooks.leader_election.denials.peer_addresses import entries_of
from runbooks.leader_election.facts import Facts
from runbooks.raft import Pair
from runbooks.wording import counted, listed, milliseconds

EVENTS = {
    RootCause.TLS_FAILURE: "tls_failed",
    RootCause.VERSION_MISMATCH: "version_mismatch",
    RootCause.DUPLICATE_ID: "peer_mismatch",
}
WHAT = {
    RootCause.TLS_FAILURE: ("failed TLS handshake", ""),
    RootCause.VERSION_MISMATCH: ("handshake", " with a peer of another protocol version"),
    RootCause.DUPLICATE_ID: ("handshake", " with a peer of another id than expected"),
}
"""What is counted, and how it goes on."""

MIN_PER_MIN = 5.0
"""Complaints a minute from which on handshakes are failing: a node tries its peers far more often."""

_LINES = {
    "tls_failed": re.compile(r"TLS handshake failed"),
    "version_mismatch": re.compile(r"unsupported protocol version"),
    "peer_mismatch": re.compile(r"peer ID mismatch"),
}
_FROM = re.compile(r"incoming connection from ([\w.-]+?)(?::\d+)?: ")
"""Who dialled, as Neumann's transport writes it."""

_CLOSED = re.compile(r"\b(?:eof|closed|reset by peer|broken pipe)\b", re.IGNORECASE)
"""How a handshake ends whose other end only connected and closed: a probe, a scanner, a health check."""


def handshake_denials(facts: Facts, explained: frozenset[str]) -> Iterator[Denial]:
    """Yield the votes that failing handshakes deny.

    Args:
        facts: The evidence.
        explained: Nodes whose ids are told apart by a peer list that is wrong: their mismatches come of it.
    """
    certificates = Certificates(facts.evidence)
    for cause in EVENTS:
        loud = tuple(name for name in facts.running if complains(facts, name, cause))
        lists_read = all(facts.node(name).config.value for name in loud)
        if cause == RootCause.DUPLICATE_ID and (explained & set(loud) or not lists_read):
            continue  # a peer list that is wrong, or may be, makes peers answer under another id as well
        if loud:
            yield from _denials(facts, cause, loud, certificates)
        elif cause == RootCause.TLS_FAILURE:
            yield from unlogged_denials(facts, certificates)


def complains(facts: Facts, name: str, cause: RootCause) -> bool:
    """Return whether a node's current log complains of handshakes as often as handshakes that fail do."""
    log = facts.current_log(name)
    if log is None or facts.logged_per_min(name, EVENTS[cause]) < MIN_PER_MIN:
        return False
    if cause != RootCause.TLS_FAILURE:
        return True
    # Each reading of the agents connects to two ports of every peer, and closes.
    probes = 2 * (len(facts.names) - 1)
    return log.counts.get("tls_failed", 0) - log.counts.get("tls_closed", 0) > probes and not _only_closed(
        log.excerpts
    )


def _only_closed(excerpts: tuple[str, ...]) -> bool:
    quoted = [line for line in excerpts if "handshake" in line.lower()]
    return bool(quoted) and all(_CLOSED.search(line) for line in quoted)


def _denials(
    facts: Facts, cause: RootCause, loud: tuple[str, ...], certificates: Certificates
) -> Iterator[Denial]:
    pairs = failing_pairs(facts, loud, cause)
    refused = (
        refused_pairs(facts, loud, certificates) & pairs.keys() if cause == RootCause.TLS_FAILURE else set()
    )
    explained = set(loud) <= {name for pair in refused for name in pair}
    if explained and _named(facts, loud, EVENTS[cause]) <= refused:
        pairs = {}  # every complaint comes of these certificates
    # A log and a certificate are two readings of different kinds.
    pairs |= dict.fromkeys(refused, Known.CORROBORATED)
    bad = _bad_ends([pair for pair, known in pairs.items() if known > Known.MAYBE], loud)
    logged = "; ".join(_because(facts, cause, loud, () if refused else bad))
    shown = "; ".join(certificates.said_of(facts.names)) if cause == RootCause.TLS_FAILURE else ""
    for (one, other), known in pairs.items():
        lacks = (
            f"which handshakes fail: the peers in the log of {listed(loud)}" if known is Known.MAYBE else None
        )
        by = loud[0] if len(loud) == 1 and not refused else None
        yield Denial(cause, known, because=shown or logged, pair=(one, other), lacks=lacks, by=by)
        yield Denial(cause, known, because=logged, pair=(other, one), lacks=lacks, by=by)


def failing_pairs(facts: Facts, loud: tuple[str, ...], cause: RootCause) -> dict[Pair, Known]:
    """Return the pairs whose handshakes fail or may fail, and how well each is known.

    Whoever accepts logs the failure, whoever dials may log nothing: so every running node may be at the
    other end, and a log's own lines say best who is. A node all of whose handshakes fail loses every running
    peer, and the others lose only such nodes: gossip's counts show which is which where it shares the
    connections, and how often each complains where every node does.
    """
    pairs = [pair for pair in combinations(facts.running, 2) if set(loud) & set(pair)]
    several = Known.CORROBORATED if len(loud) > 1 else Known.BY_ONE
    if named := _named(facts, loud, EVENTS[cause]):
        return {pair: several if pair in named else Known.MAYBE for pair in pairs}
    if len(loud) > 1 and len(facts.running) == 2:
        return dict.fromkeys(pairs, Known.CORROBORATED)
    lost = {name: facts.gossip_failed(name) or 0 for name in facts.running}
    if len(loud) > 1 and (bad := _lost_all(lost)) is not None:
        return {pair: Known.CORROBORATED for pair in pairs if bad & set(pair)}
    every_end_logs = len(loud) > 2 and set(loud) == set(facts.running)
    if cause != RootCause.TLS_FAILURE or any(lost.values()) or not every_end_logs:
        return dict.fromkeys(pairs, Known.MAYBE)
    bad = _loudest({name: facts.logged(name, EVENTS[cause]) for name in loud})
    return {pair: Known.BY_ONE if bad & set(pair) else Known.MAYBE for pair in pairs}


def _named(facts: Facts, loud: tuple[str, ...], event: str) -> frozenset[Pair]:
    """Return the pairs that the loud nodes' own lines name, by a member's name or its address."""
    found = set()
    for name in loud:
        log, addresses = facts.current_log(name), _addresses(facts)
        for line in log.excerpts if log else ():
            said = _FROM.search(line) if _LINES[event].search(line) else None
            peer = addresses.get(said[1].lower()) if said else None
            if peer and peer != name and peer in facts.running:
                found.add((name, peer) if facts.names.index(name) < facts.names.index(peer) else (peer, name))
    return frozenset(found)


def _addresses(facts: Facts) -> dict[str, str]:
    """Return by host name or address, in lower case, the member that the peer lists have there."""
    known = {name.lower(): name for name in facts.names}
    for entries in entries_of(facts.evidence).values():
        known |= {entry.host.lower(): entry.member for entry in entries if entry.member}
    return known


def _lost_all(lost: dict[str, int]) -> frozenset[str] | None:
    """Return the nodes that lost all others, if these are all that the others lost; else `None`."""
    bad = frozenset(name for name, count in lost.items() if count >= len(lost) - 1)
    consistent = all(count == len(bad) for name, count in lost.items() if name not in bad)
    return bad if bad and consistent else None


def _loudest(counts: dict[str, int]) -> frozenset[str]:
    """Return the smallest set of bad ends that explains how often each node complains.

    With k bad ends of n, a bad one fails with n - 1 peers and every other with k; the k that fits best.
    """
    names = sorted(counts, key=lambda name: -counts[name])

    def misfit(bad: int) -> float:
        expected = [len(names) - 1 if place < bad else bad for place in range(len(names))]
        ratios = [math.log(max(counts[name], 1) / peers) for name, peers in zip(names, expected, strict=True)]
        mean = sum(ratios) / len(ratios)
        return sum((ratio - mean) ** 2 for ratio in ratios)

    return frozenset(names[: min(range(1, len(names)), key=misfit)])


def _bad_ends(pairs: list[Pair], loud: tuple[str, ...]) -> tuple[str, ...]:
    """Return the one node that is in every failing pair: the end to be mended, where it can be told."""
    always = [name for name in loud if pairs and all(name in pair for pair in pairs)]
    return tuple(always) if len(always) == 1 else ()


def _because(facts: Facts, cause: RootCause, loud: tuple[str, ...], bad: tuple[str, ...]) -> Iterator[str]:
    event = EVENTS[cause]
    noun, tail = WHAT[cause]
    for name in loud:
        yield f"{name} logs {counted(facts.logged(name, event), noun)}{tail} (agent:{name})"
    if bad:
        yield f"all of them have {listed(bad)} at one end"
    elif len(loud) == 2:
        yield "both ends log a failure, and one bad end is enough for it"
    if cause == RootCause.TLS_FAILURE:
        yield from _clocks_off(facts)


def _clocks_off(facts: Facts) -> Iterator[str]:
    """Yield which clocks are off: a certificate then looks expired, or not yet valid, for that alone."""
    for name, clock in facts.clocks.items():
        if abs(clock.offset_ms) > MAX_SKEW_MS:
            way = "ahead" if clock.offset_ms > 0 else "behind"
            off = f"{name}'s clock is {milliseconds(abs(clock.offset_ms))} {way}"
            looks = "expired" if way == "ahead" else "not yet valid"
            yield f"{off}: a certificate may look {looks} for that alone"
