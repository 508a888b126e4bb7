"""How long an election timeout must be for the round trip at hand."""

from __future__ import annotations

import math

from runbooks.leader_election.facts import Facts

RUNBOOK_MIN_MS = 300
"""The runbook's own raise: 300/600 from the default 150/300."""

ONE_WAY_LATENCIES = 10
"""Ongaro's thesis, section 9: a timeout range of ten times the one-way latency elects in a few tries.
etcd's tuning guide asks for ten round trips; half of that is chosen, since failover takes as long."""


def asked_ms(round_trip_ms: float) -> float:
    """The shortest election timeout that a round trip asks for: ten one-way latencies."""
    return ONE_WAY_LATENCIES * round_trip_ms / 2


def wanted_timeouts_ms(round_trip_ms: float | None) -> tuple[int, int]:
    """The (min, max) to set: what is asked, rounded up to 50 ms, never below the runbook's 300/600."""
    asked = 0.0 if round_trip_ms is None else asked_ms(round_trip_ms)
    election_timeout_min_ms = max(RUNBOOK_MIN_MS, math.ceil(asked / 50) * 50)
    return election_timeout_min_ms, 2 * election_timeout_min_ms


def lowest_timeout_ms(facts: Facts) -> int | None:
    """The shortest configured election timeout of any node."""
    return min((low for low, _ in facts.timeouts_ms.values()), default=None)
