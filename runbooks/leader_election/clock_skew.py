"""Cause 2 of the runbook: clocks too far apart.

Raft's own timers are monotonic, so a wrong clock does not move an election by itself. It matters where
nodes hold each other failed because their gossip carries wall-clock times.
"""

from __future__ import annotations

from runbooks.leader_election.facts import MAX_RECOMMENDED_SKEW_MS, Facts
from runbooks.leader_election.words import listed, milliseconds, signed_milliseconds
from runbooks.model import Action, Finding, Remedy, RootCause, Verdict


def judge(facts: Facts) -> Finding:
    """Judge whether clocks keep a majority from agreeing."""
    verdict = _verdict(facts)
    unread = tuple(name for name in facts.names if name not in facts.clocks)
    offsets = tuple(
        f"{name} is {signed_milliseconds(clock.offset_ms)} off (±{clock.error_ms:.0f} ms, agent:{name})"
        for name, clock in facts.clocks.items()
    )
    failed = _held_failed(facts)
    remark = "Raft's timers are monotonic; the skew matters because gossip holds such peers failed"
    guilty = verdict is not Verdict.RULED_OUT and bool(facts.skewed)
    return Finding(
        cause=RootCause.CLOCK_SKEW,
        verdict=verdict,
        nodes=facts.skewed,
        evidence_for=(*offsets, *failed, remark) if guilty else (),
        evidence_against=() if guilty or not facts.clocks else (_largest(facts),),
        would_decide=f"the clock of {listed(unread)}" if verdict is Verdict.UNDETERMINED else None,
        remedies=(_clock_sync(facts, verdict),),
    )


def _verdict(facts: Facts) -> Verdict:
    if not facts.skewed:
        return Verdict.RULED_OUT if len(facts.clocks) == len(facts.names) else Verdict.UNDETERMINED
    if facts.steady_leader or facts.can_elect != "yes" or _agreeing(facts) >= facts.needed:
        return Verdict.POSSIBLE
    return Verdict.CONFIRMED if _held_failed(facts) else Verdict.LIKELY


def _agreeing(facts: Facts) -> int:
    """The largest number of running nodes that one of them agrees with on the time, itself included.

    A node whose clock is unknown is taken to agree: doubt must not confirm.
    """

    def agree(one: str, other: str) -> bool:
        if one not in facts.clocks or other not in facts.clocks:
            return True
        apart = abs(facts.clocks[one].offset_ms - facts.clocks[other].offset_ms)
        return apart <= MAX_RECOMMENDED_SKEW_MS

    return max((sum(agree(one, other) for other in facts.running) for one in facts.running), default=0)


def _held_failed(facts: Facts) -> tuple[str, ...]:
    """Gossip's own counts of failed members, where its ports are open: the skew at work."""
    return tuple(
        f"{name} holds {metrics.gossip_failed} of its peers failed in gossip"
        for name in facts.running
        if (metrics := facts.metrics(name)) and metrics.gossip_failed
    )


def _largest(facts: Facts) -> str:
    name, clock = max(facts.clocks.items(), key=lambda item: abs(item[1].offset_ms))
    return (
        f"The largest offset is {milliseconds(abs(clock.offset_ms))} (±{clock.error_ms:.0f} ms, {name}), "
        f"the limit {MAX_RECOMMENDED_SKEW_MS:.0f} ms"
    )


def _clock_sync(facts: Facts, verdict: Verdict) -> Remedy:
    if not facts.skewed:
        largest = max((abs(clock.offset_ms) for clock in facts.clocks.values()), default=None)
        reason = (
            "No clock could be read."
            if largest is None
            else f"The largest skew is {milliseconds(largest)}, it would not help."
        )
        return Remedy(name="clock_sync", offered=False, reason=reason)
    unsynced = tuple(name for name in facts.skewed if not facts.clocks[name].synchronised)
    if unsynced:
        return Remedy(
            name="clock_sync",
            nodes=facts.skewed,
            offered=False,
            reason=f"chrony on {listed(unsynced)} has no selected source to step to: start NTP there first.",
        )
    return Remedy(
        name="clock_sync",
        nodes=facts.skewed,
        actions=tuple(Action(type="clock_sync", node=name) for name in facts.skewed),
        offered=verdict in (Verdict.CONFIRMED, Verdict.LIKELY),
        reason=f"{listed(facts.skewed)} beyond {MAX_RECOMMENDED_SKEW_MS:.0f} ms."
        if verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
        else "The skew does not explain this; a step can expire running transactions.",
    )
