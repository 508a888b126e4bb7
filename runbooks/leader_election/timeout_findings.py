"""Judge the election timeouts: too short for the round trip, or not the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.configured import malformed, without_timeouts
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.round_trips import pinged_ms
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.timeouts import (
    ONE_WAY_LATENCIES,
    asked_ms,
    beats_too_slowly,
    lowest_timeout_ms,
    slowest_heartbeat_ms,
)
from runbooks.model import SURE, Finding, Verdict
from runbooks.wording import counted, listed, milliseconds


def mixed_timeouts_findings(facts: Facts) -> Iterator[Finding]:
    """Yield a finding where timeouts differ, as after a change that stopped half-way (etcd warns of it)."""
    if len(set(facts.timeouts_ms.values())) < 2:
        return
    yield Finding(
        cause=RootCause.MIXED_TIMEOUTS,
        verdict=Verdict.POSSIBLE,
        nodes=tuple(facts.timeouts_ms),
        evidence_for=tuple(f"{name}: {low}/{high} ms" for name, (low, high) in facts.timeouts_ms.items()),
        evidence_against=("different timeouts alone keep nobody from being elected",),
    )


def malformed_findings(facts: Facts) -> Iterator[Finding]:
    """Yield a finding where a file is no TOML: what runs is not touched by it, but nothing starts with it."""
    nodes = malformed(facts.evidence)
    if nodes:
        yield Finding(
            cause=RootCause.CONFIG_MALFORMED,
            verdict=Verdict.POSSIBLE,
            nodes=nodes,
            evidence_for=tuple(f"{name}: the file cannot be read as TOML (agent:{name})" for name in nodes),
            evidence_against=("a process that runs has read its file when it was started",),
        )


def timeouts_finding(facts: Facts, structure: Structure, *, explained: bool) -> Finding:
    """Return the finding on election timeouts that are too short; `explained` if another cause is sure."""
    speaks_for, against = _timeout_evidence(facts, structure)
    verdict = _timeout_verdict(facts, structure, explained=explained)
    sure = verdict in SURE
    return Finding(
        cause=RootCause.AGGRESSIVE_TIMEOUTS,
        verdict=verdict,
        nodes=tuple(facts.timeouts_ms) if sure else (),
        evidence_for=tuple(speaks_for),
        evidence_against=tuple(against),
        would_decide=_would_decide(facts) if verdict in (Verdict.UNDETERMINED, Verdict.LIKELY) else None,
    )


def _timeout_verdict(facts: Facts, structure: Structure, *, explained: bool) -> Verdict:
    tight = _too_tight(facts)
    if structure.can_elect == "no" or (explained and tight is not True):
        return Verdict.RULED_OUT
    if facts.storm is False:
        # With pre-vote on, nobody even stands while no answer can be back before the timeout.
        hopeless = structure.can_elect == "yes" and not explained and _no_answer_in_time(facts)
        return Verdict.LIKELY if hopeless else Verdict.RULED_OUT
    if explained or tight is False or (structure.verdicts and structure.can_elect == "yes"):
        return Verdict.POSSIBLE
    if facts.storm is None or tight is None:
        return Verdict.UNDETERMINED
    return _when_tight(facts, structure)


def _when_tight(facts: Facts, structure: Structure) -> Verdict:
    """Return how sure it is that timeouts that are too short keep elections from ending."""
    if structure.can_elect == "undetermined":
        # Links that were not tried are no doubt where gossip holds everybody well over them.
        return Verdict.LIKELY if _all_held_well(facts) and not structure.saw_any else Verdict.UNDETERMINED
    # A connect is one round trip, and whatever else a busy host adds to it.
    return Verdict.CONFIRMED if pinged_ms(facts.evidence) or beats_too_slowly(facts) else Verdict.LIKELY


def _all_held_well(facts: Facts) -> bool:
    """Return whether gossip on every node was read, and holds every peer healthy."""
    pages = [facts.metrics(name) for name in facts.names]
    return all(page is not None and page.gossip_failed == 0 for page in pages)


def _too_tight(facts: Facts) -> bool | None:
    """Return whether the shortest election timeout is below what the slowest pair's round trip asks for."""
    low = lowest_timeout_ms(facts)
    if low is None:
        return None
    if beats_too_slowly(facts):
        return True
    return None if facts.round_trip_ms is None else low < asked_ms(facts.round_trip_ms)


def _no_answer_in_time(facts: Facts) -> bool:
    """Return whether no answer, or no heartbeat, can be back before the shortest election timeout ends."""
    low, slowest = lowest_timeout_ms(facts), facts.slowest_round_trip_ms
    if low is None:
        return False
    return slowest_heartbeat_ms(facts) >= low or (slowest is not None and slowest >= low)


def _timeout_evidence(facts: Facts, structure: Structure) -> tuple[list[str], list[str]]:
    speaks_for: list[str] = []
    against: list[str] = []
    if facts.elections:
        added, seconds = facts.elections
        line = f"{counted(added, 'election')} in {seconds:.1f} s between two readings of the counters (bot)"
        (speaks_for if facts.storm else against).append(line)
    if facts.log_elections_per_min and facts.storm:
        rate = f"{facts.log_elections_per_min:.0f} elections a minute"
        speaks_for.append(f"{rate} in the last {facts.log_window_s:.0f} s of the nodes' logs (agents)")
    low = lowest_timeout_ms(facts)
    if slow := beats_too_slowly(facts):
        speaks_for.append(
            f"a leader is heard every {slowest_heartbeat_ms(facts)} ms (heartbeat_interval_ms), and "
            f"{listed(slow)} may stand after {low} ms (agents)"
        )
    if (silent := without_timeouts(facts.evidence)) and low is not None:
        speaks_for.append(
            f"the file of {listed(silent)} names no election timeout: the documented default holds"
        )
    if facts.round_trip_ms is not None and low is not None:
        trip = "round trip" if pinged_ms(facts.evidence) else "shortest connect"
        line = (
            f"the election timeout starts at {low} ms (agents), the slowest pair's {trip} is "
            f"{milliseconds(facts.round_trip_ms)} ({ONE_WAY_LATENCIES} one-way latencies are "
            f"{milliseconds(asked_ms(facts.round_trip_ms))})"
        )
        (speaks_for if low < asked_ms(facts.round_trip_ms) else against).append(line)
    if structure.can_elect == "no":
        against.append("no node could get a majority of votes, with any timeout")
    return speaks_for, against


def _would_decide(facts: Facts) -> str | None:
    if facts.storm is None:
        return "two readings of tensor_chain_elections_total"
    if facts.round_trip_ms is None or not pinged_ms(facts.evidence):
        return "the round trip between the nodes, by ping"
    return None if facts.timeouts_ms else "the configured election timeouts"
