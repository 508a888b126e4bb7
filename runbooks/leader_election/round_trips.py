"""Round trips between the nodes, as pings tell them, and as connects do where nobody could ping."""

from __future__ import annotations

from runbooks.evidence import Evidence


def pinged_ms(evidence: Evidence) -> tuple[float, ...]:
    """Return the mean round trip in ms of each pair that was pinged, by the end that saw it shorter.

    A round trip is the same from either end; what one end saw beyond it is that host's own, or its claim.
    """
    took: dict[frozenset[str], float] = {}
    for node in evidence.nodes:
        for ping in node.pings.value or ():
            pair = frozenset({node.node, ping.peer})
            if ping.rtt_avg_ms is not None:
                took[pair] = min(ping.rtt_avg_ms, took.get(pair, ping.rtt_avg_ms))
    return tuple(took.values())


def slowest_pings_ms(evidence: Evidence) -> tuple[float, ...]:
    """Return the slowest ping in ms of each pair that was pinged."""
    pings = (ping for node in evidence.nodes for ping in node.pings.value or ())
    return tuple(ping.rtt_max_ms for ping in pings if ping.rtt_max_ms is not None)


def connected_ms(evidence: Evidence) -> float | None:
    """Return the slowest pair's shortest connect in ms: a round trip of SYN and SYN-ACK (RFC 9293, 3.5)."""
    took: dict[frozenset[str], float] = {}
    for node in evidence.nodes:
        for connect in node.connects.value or ():
            pair = frozenset({node.node, connect.peer})
            if connect.result == "open" and connect.latency_ms is not None:
                took[pair] = min(connect.latency_ms, took.get(pair, connect.latency_ms))
    return max(took.values(), default=None)
