"""Denials of one node's vote for another: cut links and blocked gossip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.missing_kind import MissingKind
from runbooks.process_signs import CRASH_LOOP_RESTARTS
from runbooks.raft import Pair
from runbooks.wording import MAX_NAMES, listed

FAILURES = {
    "timeout": "times out, as a DROP rule or a lost route does",
    "unreachable": "is unreachable",
    "refused": "is refused though its process runs, as a REJECT rule does",
    "dns": "finds no address",
    "reset": "is reset",
}


MAX_PAIRS = 8
"""Pairs that are named in one line; the table of links has them all."""


def link_denials(facts: Facts, gone: frozenset[str]) -> Iterator[Denial]:
    """Yield every denial of single votes.

    Args:
        facts: The evidence.
        gone: Hosts that do not answer at all: a link to them says nothing about the network.
    """
    for one, other in combinations(facts.names, 2):
        if one in gone or other in gone:
            continue
        yield from _raft(facts, one, other)
        yield from _gossip(facts, one, other)


def both_ways(
    cause: RootCause,
    known: Known,
    because: str,
    pair: Pair,
    lacks: str | None = None,
    *,
    by: str | None = None,
) -> Iterator[Denial]:
    """Yield the denial both ways: a vote is asked for and answered, so one broken way breaks both chances."""
    yield Denial(cause, known, because=because, pair=pair, lacks=lacks, by=by)
    yield Denial(cause, known, because="", pair=pair[::-1], lacks=lacks, by=by)


def told_links(facts: Facts, denials: Iterable[Denial]) -> tuple[str, ...]:
    """Return a line for each way in which links fail, with the pairs; both directions of a pair are one."""
    pairs = dict.fromkeys(denial.pair for denial in denials if denial.pair and denial.because)
    ways: dict[str, list[Pair]] = {}
    for pair in pairs:
        ways.setdefault(facts.raft_results.get(pair, ""), []).append(pair)
    return tuple(_told(way, failing) for way, failing in ways.items() if way in FAILURES)


def _told(way: str, failing: list[Pair]) -> str:
    both = {pair for pair in failing if pair[::-1] in failing}
    once = [pair for pair in failing if pair not in both or pair[0] < pair[1]]
    named = [f"{one} {'↔' if (one, other) in both else '→'} {other}" for one, other in once]
    agents = sorted({observer for observer, _ in failing})
    return (
        f"the Raft port {FAILURES[way]}: {listed(named, MAX_PAIRS)} (agents of {listed(agents, MAX_NAMES)})"
    )


def _raft(facts: Facts, one: str, other: str) -> Iterator[Denial]:
    pairs = ((one, other), (other, one))
    broken = {pair: result for pair in pairs if (result := broken_link(facts, pair))}
    unread = [pair for pair in pairs if pair not in facts.raft_results or pair[1] in facts.mute]
    asymmetric = len(broken) == 1 and not unread
    cut = RootCause.ASYMMETRIC_PARTITION if asymmetric else RootCause.NETWORK_PARTITION
    for (observer, peer), result in broken.items():
        # Where most connects fail for want of an address, what fails otherwise does so on the way to one.
        unnamed = result == "dns" or ("dns" in broken.values() and _names_are_missing(facts))
        cause = RootCause.NAMES_UNRESOLVED if unnamed else cut
        because = f"{observer} → {peer} on the Raft port {FAILURES[result]} (agent:{observer})"
        known, lacks = Known.BY_ONE, None
        if len(broken) < 2 and _may_hang(facts, peer):
            known, lacks = Known.MAYBE, f"whether {peer} hangs or is cut off: its agent could not be read"
        elif _is_corroborated(facts, (observer, peer), broken):
            known = Known.CORROBORATED
        elif asymmetric:
            # The peer's connect the other way is open: one agent's word against another's.
            known, lacks = Known.MAYBE, f"a second witness of what {observer} cannot reach"
        yield from both_ways(cause, known, because, (observer, peer), lacks, by=observer)
    if not broken and any(_may_be_loss(facts, pair) for pair in pairs):
        lacks = f"pings between {one} and {other}: loss and a cut look alike"
        yield from both_ways(RootCause.NETWORK_PARTITION, Known.MAYBE, "", (one, other), lacks)
    elif unread and not broken and not {one, other} & facts.mute:
        lacks = f"the connects from {' and '.join(pair[0] for pair in unread)}"
        yield from both_ways(RootCause.NETWORK_PARTITION, Known.MAYBE, "", (one, other), lacks)


def _names_are_missing(facts: Facts) -> bool:
    """Return whether most of the connects that fail do so for want of an address."""
    failed = [result for result in facts.raft_results.values() if result != "open"]
    return 2 * failed.count("dns") > len(failed)


def _may_hang(facts: Facts, name: str) -> bool:
    """Return whether a node may as well hang: nothing on it answers in time but its host's kernel.

    The accept queue of a process that hangs fills up, and connects to it time out as over a cut link.
    """
    node = facts.node(name)
    told = any(r.value is not None for r in (node.service, node.clock, node.log, node.local_metrics))
    late = node.metrics.kind is node.metrics_again.kind is MissingKind.TIMEOUT
    pings = [p for other in facts.evidence.nodes for p in other.pings.value or () if p.peer == name]
    return late and not told and bool(pings) and all(ping.received for ping in pings)


def broken_link(facts: Facts, pair: Pair) -> str | None:
    """Return how a connect failed, where the network and not the peer's process is to blame."""
    return _networks_fault(facts, pair, facts.raft_results.get(pair, "open"))


def _networks_fault(facts: Facts, pair: Pair, result: str) -> str | None:
    if result == "open" or pair[1] in facts.mute:
        return None  # the accept queue of a process that hangs fills up, and then connects time out
    if result == "refused":
        # A process that runs and yet refuses: that is a firewall's word, not the process's.
        return result if facts.steady(pair[1]) or _runs(facts, pair[1]) else None
    return None if _lossy(facts, pair) or (result == "timeout" and _may_be_loss(facts, pair)) else result


def _may_be_loss(facts: Facts, pair: Pair) -> bool:
    """Return whether connects of a pair that nobody pinged fail where connects fail here and there.

    A cut takes both ports of a peer, a rule always the same one; loss takes now the one, now the other.
    """
    results = (facts.raft_results.get(pair), facts.gossip_results.get(pair))
    return "timeout" in results and facts.is_patchy and not _pinged(facts, pair)


def _pinged(facts: Facts, pair: Pair) -> bool:
    return any(
        ping.peer in pair and ping.sent for name in pair for ping in facts.node(name).pings.value or ()
    )


def _runs(facts: Facts, name: str) -> bool:
    """Return whether a node answers its own host and is not restarted again and again."""
    node = facts.node(name)
    restarts = node.service.value.restarts if node.service.value else None
    return node.local_metrics.value is not None and (restarts or 0) < CRASH_LOOP_RESTARTS


def _lossy(facts: Facts, pair: Pair) -> bool:
    """Return whether only some pings of the pair came back: a connect may have failed by bad luck."""
    return any(
        0 < ping.received < ping.sent
        for one, other in (pair, pair[::-1])
        for ping in facts.node(one).pings.value or ()
        if ping.peer == other
    )


def _is_corroborated(facts: Facts, pair: Pair, broken: dict[Pair, str]) -> bool:
    """Return whether a broken link has a second witness: its other end, lost pings, or Neumann itself."""
    # Over a lossy link connects time out at both ends as well, and only pings tell it from a cut one. A port
    # that refuses everybody may as well have no listener at its address, and then both ends say the same.
    unheard = all(result == "refused" and _refuses_all(facts, peer) for (_, peer), result in broken.items())
    both_ends = len(broken) > 1 and not unheard and (_pinged(facts, pair) or "timeout" not in broken.values())
    return both_ends or _seen_otherwise(facts, pair)


def _refuses_all(facts: Facts, name: str) -> bool:
    """Return whether no other node's connect to the Raft port of this one was open."""
    return all(result != "open" for (_, peer), result in facts.raft_results.items() if peer == name)


def _seen_otherwise(facts: Facts, pair: Pair) -> bool:
    """Return whether something besides the connect sees it too: lost pings, or Neumann itself."""
    one, other = pair
    lost = any(p.peer == other and p.sent and not p.received for p in facts.node(one).pings.value or ())
    said = facts.logged(one, "asymmetric", "heartbeat_failures") or facts.logged(other, "asymmetric")
    return bool(lost or said or facts.gossip_failed(one) or facts.gossip_failed(other))


def _gossip(facts: Facts, one: str, other: str) -> Iterator[Denial]:
    """Yield denials for blocked gossip: a peer held as failed gets no vote (raft.rs), over any link."""
    pairs = ((one, other), (other, one))
    if any(broken_link(facts, pair) or facts.up[pair[1]] is not True for pair in pairs):
        return
    blocked = {
        pair: result
        for pair in pairs
        if (result := _networks_fault(facts, pair, facts.gossip_results.get(pair, "open")))
    }
    if not blocked:
        return
    because = "; ".join(
        f"{a} → {b} on the gossip port: {result} (agent:{a})" for (a, b), result in blocked.items()
    )
    known, lacks, observer = Known.BY_ONE, None, next(iter(blocked))[0]
    if len(blocked) > 1 or held_failed(facts, one, other):
        known = Known.CORROBORATED
    both_tried = all(pair in facts.gossip_results for pair in pairs)
    if len(blocked) == 1 and both_tried and _complainers(facts) == {observer}:
        # The peer's connect the other way is open: one agent's word against another's.
        known, lacks = Known.MAYBE, f"a second witness of what {observer} cannot reach"
    by = observer if len(blocked) == 1 else None
    yield from both_ways(RootCause.GOSSIP_BLOCKED, known, because, (one, other), lacks, by=by)


def _complainers(facts: Facts) -> set[str]:
    """Return the agents that find the gossip port of a running peer closed."""
    return {
        one for (one, other), result in facts.gossip_results.items() if result != "open" and facts.up[other]
    }


def held_failed(facts: Facts, one: str, other: str) -> bool | None:
    """Return whether gossip on either node holds peers failed or denied votes; `None` if unread."""
    counts = [failed for name in (one, other) if (failed := facts.gossip_failed(name)) is not None]
    denied = sum(facts.logged(name, "vote_denied_unhealthy", "member_failed") for name in (one, other))
    if denied or any(counts):
        return True
    return False if counts else None
