"""Judge paths that lose large packets without a word: votes and pings pass, and appended entries do not.

TCP repeats such a packet for ever, and whatever waits behind it on that connection: also heartbeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from runbooks import raft
from runbooks.evidence import Evidence, FullPing
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.leaders import commits, steady_leader
from runbooks.leader_election.structure import Structure
from runbooks.model import Finding, Verdict
from runbooks.raft import Pair
from runbooks.wording import MAX_NAMES, counted, listed

MIN_SMALL_SHARE = 0.9
"""Of the small pings of a pair that must have come back: a link that loses those loses large ones as well.

Where it loses a tenth each, all three large ones are lost once in a thousand times."""

MAX_PAIRS = 8


def black_holes(evidence: Evidence) -> Mapping[Pair, FullPing]:
    """Return the pairs whose pings of full size are all lost without a word, while small ones come back."""
    small = {
        (node.node, ping.peer): ping
        for node in evidence.nodes
        for ping in node.pings.value or ()
        if ping.sent and ping.is_possible and ping.received >= MIN_SMALL_SHARE * ping.sent
    }
    return {
        (node.node, ping.peer): ping
        for node in evidence.nodes
        for ping in (node.full_pings.value if node.full_pings else None) or ()
        if ping.is_lost and (node.node, ping.peer) in small
    }


def said_of(evidence: Evidence, lost: Mapping[Pair, FullPing]) -> str:
    """Return what is lost where, with the size, and that small packets are not."""
    sizes = sorted({ping.packet_bytes for ping in lost.values()})
    pairs = [f"{one} {'↔' if (other, one) in lost else '→'} {other}" for one, other in _once(lost)]
    small = [p for node in evidence.nodes for p in node.pings.value or () if (node.node, p.peer) in lost]
    back, sent = sum(ping.received for ping in small), sum(ping.sent for ping in small)
    agents = listed(sorted({one for one, _ in lost}), MAX_NAMES)
    return (
        f"pings of {listed([str(size) for size in sizes])} bytes are lost, {listed(pairs, MAX_PAIRS)}, while"
        f" {back} of {sent} small ones came back (agents of {agents})"
    )


def mtu_finding(facts: Facts, structure: Structure) -> Finding | None:
    """Return the finding of paths that lose large packets; `None` where none is known.

    It is never confirmed: a firewall may drop large pings alone, or shrink what TCP sends.
    """
    lost = {pair: ping for pair, ping in black_holes(facts.evidence).items() if _is_borne_out(facts, pair)}
    if not lost:
        return None
    sound = {pair: pair not in lost and pair[::-1] not in lost for pair in permutations(facts.names, 2)}
    up = {name: state is not False for name, state in facts.up.items()}
    leaderless = not raft.quorum_connected(facts.names, up, sound)
    concerned = {name for pair in lost for name in pair}
    against = () if leaderless else ("a majority is connected by paths that take large packets",)
    if structure.can_elect == "no":
        leaderless, against = False, ("nobody could be elected over sound paths either",)
    return Finding(
        cause=RootCause.MTU,
        verdict=Verdict.LIKELY if leaderless else Verdict.POSSIBLE,
        nodes=tuple(name for name in facts.names if name in concerned),
        evidence_for=(said_of(facts.evidence, lost), *_standing_still(facts)),
        evidence_against=against,
        would_decide="`tracepath` between two of them: the hop from which nothing larger comes back",
    )


def _standing_still(facts: Facts) -> tuple[str, ...]:
    leader = steady_leader(facts)
    if leader is None or any(commits(facts, name) for name in facts.names):
        return ()
    followers = counted(len(facts.leadership.acknowledged_by) - 1, "follower")
    return (f"{leader} leads throughout, and none of its {followers} commits anything (bot)",)


def _is_borne_out(facts: Facts, pair: Pair) -> bool:
    """Return whether the peer loses them too: an answer to a large ping is as large, and goes back."""
    if pair[1] not in facts.by_name:
        return False  # a name from the agent's answer that is no node of the cluster
    back = facts.node(pair[1]).full_pings
    answers = [ping for ping in (back.value if back else None) or () if ping.peer == pair[0]]
    return all(ping.received == 0 for ping in answers)


def _once(lost: Mapping[Pair, FullPing]) -> list[Pair]:
    return [pair for pair in lost if pair[::-1] not in lost or pair[0] < pair[1]]
