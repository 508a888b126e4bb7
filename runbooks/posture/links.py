"""Links between nodes: open or not, and how loss and latency of each ordered pair develop."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from itertools import permutations

from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.leader_election.mtu import black_holes, said_of
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.samples import PairSample
from runbooks.posture.trends import DAY, RECENTLY, Trends
from runbooks.raft import Pair
from runbooks.statistics import wilson_interval
from runbooks.wording import MAX_NAMES, counted, listed

NOTED_LOSS, HEAVY_LOSS = 0.01, 0.05
"""Shares of lost pings; the low end of the 95 % interval must be above, so that few pings prove nothing."""

SLOWER_TIMES, SLOWER_MS = 2.0, 5.0
MIN_COMPARED = 8
"""Samples of a pair on either side below which no comparison is made."""

MAX_TOLD = 3
MTU_ADVICE = "set one MTU on the whole path, or let ICMP through that says what fits: `tracepath` shows where"
ADVICE = "check switches and firewalls between them; run `mtr` in both directions"


def link_lines(evidence: Evidence, trends: Trends) -> Iterator[Line]:
    """Yield what the links between the running nodes are like."""
    yield _open(evidence)
    yield _loss(evidence, trends)
    yield _latency(evidence, trends)


def _open(evidence: Evidence) -> Line:
    check, up = Check.LINKS, raft.processes(evidence)
    every = raft.links(evidence, "raft")
    states = {(one, other): every[one, other] for one, other in every if up[one] and up[other]}
    if closed := [pair for pair, state in states.items() if state is False]:
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"{counted(len(closed), 'link')} down: {listed(_names(closed), MAX_NAMES)}",
            advice=ADVICE,
            nodes=_nodes(closed),
        )
    if lost := black_holes(evidence):
        fact = f"open, but {said_of(evidence, lost)}"
        return Line(
            check=check, severity=Severity.NOTICE, fact=fact, advice=MTU_ADVICE, nodes=_nodes([*lost])
        )
    doubtful = [name for name in evidence.names if up[name] is None]
    untried = sorted({one for (one, _), state in states.items() if state is None})
    said = [f"whether {listed(doubtful, MAX_NAMES)} {_are(doubtful)} up is not known"] if doubtful else []
    said += [f"links from {listed(untried, MAX_NAMES)} were not tried"] if untried else []
    if said or not states:
        return Line(
            check=check,
            severity=Severity.UNKNOWN,
            fact="; ".join(said) or "no two nodes are up",
            advice="see Agents" if said else "",
            nodes=tuple(dict.fromkeys((*doubtful, *untried))),
        )
    return Line(check=check, severity=Severity.FINE, fact=f"all {len(states)} ordered pairs are open")


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _loss(evidence: Evidence, trends: Trends) -> Line:
    check = Check.LINK_LOSS
    losing: dict[Pair, tuple[float, int]] = {}
    severity = Severity.FINE
    for pair, seen in trends.pings(RECENTLY).items():
        sent = sum(each.sent for each in seen)
        lost = sent - sum(each.received for each in seen)
        surely, _ = wilson_interval(lost, sent)
        if surely > NOTED_LOSS:
            losing[pair] = lost / sent, sent
            worse = Severity.WARNING if surely > HEAVY_LOSS else Severity.NOTICE
            severity = min(severity, worse, key=lambda each: each.rank)
    if losing:
        worst_first = sorted(losing, key=lambda pair: -losing[pair][0])
        said = [
            f"{one} → {other} lost {losing[one, other][0]:.0%} of {losing[one, other][1]} pings"
            for one, other in worst_first
        ]
        fact = f"over the last six hours {listed(said, MAX_TOLD)}"
        return Line(check=check, severity=severity, fact=fact, advice=ADVICE, nodes=_nodes(worst_first))
    if unread := _silent(evidence, check):
        return unread
    if unseen := _expected(evidence) - trends.pings(RECENTLY).keys():
        fact = f"{counted(len(unseen), 'pair')} not watched; no other one loses more than 1 %"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact)
    return Line(check=check, severity=Severity.FINE, fact="no pair loses more than 1 %")


def _latency(evidence: Evidence, trends: Trends) -> Line:
    check = Check.LINK_LATENCY
    recent = trends.pings(RECENTLY)
    before = trends.pings(7 * DAY, until=trends.now - RECENTLY)
    slower: dict[Pair, tuple[float, float]] = {}
    compared: set[Pair] = set()
    for pair, seen in recent.items():
        now, usual = _round_trips(seen), _round_trips(before.get(pair, []))
        if len(now) < MIN_COMPARED or len(usual) < MIN_COMPARED:
            continue
        compared.add(pair)
        is_now, was = statistics.median(now), statistics.median(usual)
        if is_now > SLOWER_TIMES * was and is_now > was + SLOWER_MS:
            slower[pair] = was, is_now
    if slower:
        slowest_first = sorted(slower, key=lambda pair: -slower[pair][1])
        said = [
            f"{one} → {other} {slower[one, other][1]:.1f} ms, usually {slower[one, other][0]:.1f} ms"
            for one, other in slowest_first
        ]
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"slower than usual: {listed(said, MAX_TOLD)}",
            advice=ADVICE,
            nodes=_nodes(slowest_first),
        )
    if unread := _silent(evidence, check):
        return unread
    if not compared:
        fact = "no baseline yet: it takes a few hours of samples"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact)
    if bare := _expected(evidence) - compared:
        fact = f"{counted(len(bare), 'pair')} without a baseline; no other one is slower than usual"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact)
    return Line(check=check, severity=Severity.FINE, fact="no pair is slower than usual")


def _expected(evidence: Evidence) -> set[Pair]:
    """Return the ordered pairs of all nodes but those that are down."""
    up = raft.processes(evidence)
    return set(permutations((name for name in evidence.names if up[name] is not False), 2))


def _silent(evidence: Evidence, check: Check) -> Line | None:
    """Return a line for the nodes whose pings were not read, if there are any."""
    unread = tuple(
        node.node for node in evidence.nodes if not any(ping.sent for ping in node.pings.value or ())
    )
    if not unread or len(evidence.names) == 1:
        return None
    fact = f"no ping was sent from {listed(unread, MAX_NAMES)}"
    return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice="see Agents", nodes=unread)


def _round_trips(seen: list[PairSample]) -> list[float]:
    return [each.rtt_ms for each in seen if each.rtt_ms is not None]


def _names(pairs: list[Pair]) -> list[str]:
    return [f"{one} → {other}" for one, other in pairs]


def _nodes(pairs: list[Pair]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for pair in pairs for name in pair))
