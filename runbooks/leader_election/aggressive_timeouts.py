"""Cause 4 of the runbook: election timeouts too tight for the round trip, on otherwise healthy nodes."""

from __future__ import annotations

import math

from runbooks.leader_election.facts import Facts
from runbooks.leader_election.words import listed, milliseconds
from runbooks.model import Action, Finding, Remedy, RootCause, Verdict

RUNBOOK_MIN_MS = 300
"""The runbook's own raise: 300/600 from the default 150/300."""

ONE_WAY_LATENCIES = 10
"""Ongaro's thesis, section 9: a timeout range of ten times the one-way latency elects in a few tries.
etcd's tuning guide asks for ten round trips; half of that is chosen, since failover takes as long."""

MAX_LOSS = 0.05
"""Above this the links are to be mended first: at 5 % loss a heartbeat gap of 300 ms is rare (39 days)."""


def judge(facts: Facts) -> Finding:
    """Judge whether elections keep failing because the timeout is shorter than the vote's way."""
    verdict = _verdict(facts)
    evidence_for, evidence_against = _evidence(facts)
    return Finding(
        cause=RootCause.AGGRESSIVE_TIMEOUTS,
        verdict=verdict,
        nodes=tuple(facts.timeouts_ms) if verdict in (Verdict.CONFIRMED, Verdict.LIKELY) else (),
        evidence_for=evidence_for,
        evidence_against=evidence_against,
        would_decide=_would_decide(facts) if verdict in (Verdict.UNDETERMINED, Verdict.LIKELY) else None,
        remedies=(_config_bump(facts, verdict),),
    )


def wanted_timeouts_ms(round_trip_ms: float | None) -> tuple[int, int]:
    """The timeouts to set: ten one-way latencies, rounded up to 50 ms, never below the runbook's 300/600."""
    asked = 0 if round_trip_ms is None else ONE_WAY_LATENCIES * round_trip_ms / 2
    election_timeout_min_ms = max(RUNBOOK_MIN_MS, math.ceil(asked / 50) * 50)
    return election_timeout_min_ms, 2 * election_timeout_min_ms


def _too_tight(facts: Facts) -> bool | None:
    if facts.round_trip_ms is None or not facts.timeouts_ms:
        return None
    return min(low for low, _ in facts.timeouts_ms.values()) < ONE_WAY_LATENCIES * facts.round_trip_ms / 2


def _verdict(facts: Facts) -> Verdict:
    if facts.storm is None or facts.can_elect == "undetermined":
        return Verdict.UNDETERMINED
    if not facts.storm or facts.can_elect == "no":
        return Verdict.RULED_OUT
    if facts.skewed or _loss(facts) > MAX_LOSS or _too_tight(facts) is False:
        return Verdict.POSSIBLE
    if _too_tight(facts) is None or facts.steady_leader or facts.cut_links:
        return Verdict.LIKELY
    return Verdict.CONFIRMED


def _loss(facts: Facts) -> float:
    sent, received = facts.pings
    return 1 - received / sent if sent else 0.0


def _evidence(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    speaks_for: list[str] = []
    against: list[str] = []
    if facts.elections:
        added, seconds = facts.elections
        line = f"{added} elections in {seconds:.1f} s between two readings of the counters (bot)"
        (speaks_for if facts.storm else against).append(line)
    if facts.log_elections_per_min is not None and facts.storm:
        speaks_for.append(f"{facts.log_elections_per_min:.0f} elections a minute in the nodes' logs")
    if facts.round_trip_ms is not None and facts.timeouts_ms:
        low = min(low for low, _ in facts.timeouts_ms.values())
        line = (
            f"the election timeout starts at {low} ms, the slowest pair's round trip is "
            f"{milliseconds(facts.round_trip_ms)} ({ONE_WAY_LATENCIES} one-way latencies are "
            f"{milliseconds(ONE_WAY_LATENCIES * facts.round_trip_ms / 2)})"
        )
        (speaks_for if _too_tight(facts) else against).append(line)
    sent, received = facts.pings
    if sent and facts.can_elect == "yes":
        line = f"{received} of {sent} pings came back"
        (against if _loss(facts) > MAX_LOSS else speaks_for).append(line)
    if facts.can_elect == "no":
        against.append("no node reaches a majority: elections could not succeed with any timeout")
    if facts.skewed:
        against.append(f"the clock of {listed(facts.skewed)} is off, which explains failed votes by itself")
    return tuple(speaks_for), tuple(against)


def _would_decide(facts: Facts) -> str | None:
    if facts.storm is None:
        return "two readings of tensor_chain_elections_total"
    if facts.round_trip_ms is None:
        return "the round trip between the nodes"
    if not facts.timeouts_ms:
        return "the configured election timeouts"
    return None


def _config_bump(facts: Facts, verdict: Verdict) -> Remedy:
    def refused(reason: str) -> Remedy:
        return Remedy(name="config_bump", offered=False, reason=reason)

    if verdict not in (Verdict.CONFIRMED, Verdict.LIKELY):
        return refused("Elections do not fail for want of time, wider timeouts would not help.")
    unread = tuple(name for name in facts.names if name not in facts.timeouts_ms)
    if unread:
        return refused(
            f"The configuration of {listed(unread)} could not be read; all nodes must get the same values."
        )
    if len(facts.running) - 1 < facts.needed:
        return refused(f"A restart would leave {len(facts.running) - 1} nodes, {facts.needed} are needed.")
    low, high = wanted_timeouts_ms(facts.round_trip_ms)
    changed = tuple(name for name, now in facts.timeouts_ms.items() if now[0] < low or now[1] < high)
    if not changed:
        return refused(f"The timeouts already stand at {low}/{high} ms or wider.")
    return Remedy(
        name="config_bump",
        nodes=changed,
        actions=tuple(
            step for name in _leader_last(facts, changed) for step in _set_and_restart(name, low, high)
        ),
        offered=True,
        reason=f"{low}/{high} ms gives a vote time to come back.",
    )


def _leader_last(facts: Facts, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: name == facts.leadership.leader))


def _set_and_restart(name: str, low: int, high: int) -> tuple[Action, Action]:
    return (
        Action(
            type="set_election_timeouts", node=name, election_timeout_min_ms=low, election_timeout_max_ms=high
        ),
        Action(type="restart_service", node=name),
    )
