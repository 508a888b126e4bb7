"""Compute how long an election timeout must be for the round trip at hand."""

from __future__ import annotations

import math

from runbooks.leader_election.facts import Facts

RUNBOOK_MIN_MS = 300
"""The runbook's own raise: 300/600 from the default 150/300."""

ONE_WAY_LATENCIES = 10
"""Ongaro's thesis, section 9: a timeout range of ten times the one-way latency elects in a few tries.
etcd's tuning guide asks for ten round trips; half of that is chosen, since failover takes as long."""

MARGIN = 1.5
"""What is set allows for trips half as long again: RFC 6298, 2.2, takes half of a first round trip for its
variance. Set to the limit itself, it would be too short with the next slower day."""

HEARTBEATS = 6
"""The runbook's own 300 ms at Neumann's 50 ms heartbeat: below it, few lost heartbeats begin an election."""

MAX_SET_MS = 60_000
"""Agents write no longer timeout (`TimeoutMs`), so none is offered."""

DEFAULT_HEARTBEAT_MS = 50
MAX_ASKED_MS = 1e9
"""Eleven days: no round trip is that long, and a document may say anything that is a number."""


def asked_ms(round_trip_ms: float) -> float:
    """Return the shortest election timeout that a round trip asks for: ten one-way latencies."""
    return min(ONE_WAY_LATENCIES * round_trip_ms / 2, MAX_ASKED_MS)


def wanted_timeouts_ms(facts: Facts) -> tuple[int, int]:
    """Return the (min, max) to set in ms."""
    return fitting_timeouts_ms(facts.round_trip_ms or 0.0, slowest_heartbeat_ms(facts))


def fitting_timeouts_ms(round_trip_ms: float, heartbeat_ms: int) -> tuple[int, int]:
    """Return the (min, max) that fit, in ms: rounded up to 50 ms, never below the runbook's 300/600."""
    asked = max(asked_ms(MARGIN * round_trip_ms), HEARTBEATS * heartbeat_ms)
    election_timeout_min_ms = max(RUNBOOK_MIN_MS, math.ceil(asked / 50) * 50)
    return election_timeout_min_ms, 2 * election_timeout_min_ms


def slowest_heartbeat_ms(facts: Facts) -> int:
    """Return the slowest configured heartbeat in ms; Neumann's default where none is configured."""
    configured = (n.config.value.heartbeat_interval_ms for n in facts.evidence.nodes if n.config.value)
    return max((heartbeat or DEFAULT_HEARTBEAT_MS for heartbeat in configured), default=DEFAULT_HEARTBEAT_MS)


def arithmetic(facts: Facts) -> tuple[str, ...]:
    """Return the arithmetic behind the wanted timeouts, one line for each figure."""
    low, high = wanted_timeouts_ms(facts)
    trip, heartbeat = facts.round_trip_ms, slowest_heartbeat_ms(facts)
    measured = (
        f"{ONE_WAY_LATENCIES} one-way latencies of the slowest pair, and half as much for its variance: "
        f"{ONE_WAY_LATENCIES} x {trip:.1f} ms / 2 x {MARGIN:g} = {asked_ms(MARGIN * trip):.0f} ms"
        if trip is not None
        else "no round trip was read, so it sets no bound"
    )
    return (
        measured,
        f"{HEARTBEATS} heartbeats: {HEARTBEATS} x {heartbeat} ms = {HEARTBEATS * heartbeat} ms",
        f"the runbook's own: {RUNBOOK_MIN_MS} ms",
        f"the largest, rounded up to 50 ms: {low} ms; the maximum is twice that: {high} ms",
    )


def lowest_timeout_ms(facts: Facts) -> int | None:
    """Return the shortest configured election timeout of any node."""
    return min((low for low, _ in facts.timeouts_ms.values()), default=None)


MIN_HEARTBEATS_PER_TIMEOUT = 2
"""A timeout that one lost heartbeat outlasts begins an election for nothing."""


def beats_too_slowly(facts: Facts) -> tuple[str, ...]:
    """Return the nodes that would hear a leader only after their own election timeout, or one beat before."""
    heartbeat_ms = slowest_heartbeat_ms(facts)
    return tuple(
        name
        for name, (low, _) in facts.timeouts_ms.items()
        if low < MIN_HEARTBEATS_PER_TIMEOUT * heartbeat_ms
    )
