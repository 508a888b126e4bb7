"""Why one node is behind: an explanation for each cause that something read speaks for or rules out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from runbooks import raft
from runbooks.evidence import NodeEvidence, Ping
from runbooks.gaps import Gap, Gaps
from runbooks.log_room import why_no_room
from runbooks.model import Verdict
from runbooks.process_signs import JUST_STARTED_S
from runbooks.replication_lag.causes import LagCause
from runbooks.statistics import wilson_interval
from runbooks.wording import MAX_NAMES, counted, listed, seconds

STALLED_PERCENT = 20.0
"""Share of the last 10 s in which every task waited for the disk (`full` of /proc/pressure/io)."""

LOSSY_SHARE = 0.02
"""Loss from which on TCP's throughput falls to a few round trips' worth (Mathis: rate ~ 1/√loss)."""

STILL_RECEIVED = 10
"""Entries that arrived between the samples, from which on it is no coincidence that none was applied."""


NEEDS_ALL = frozenset({LagCause.APPLY_STUCK})
"""Causes of which nothing may speak against and nothing be unread, since a button hangs on them."""

HOLDS_BACK = frozenset({LagCause.LINK_TO_LEADER, LagCause.DISK_TOO_SLOW, LagCause.WRITES_TOO_MANY})
"""Causes that slow a node down; a node that gains on the leader in spite of them is not behind for them."""


@dataclass(frozen=True)
class Explanation:
    """One cause judged for one node, with what speaks for and against it and what would decide."""

    cause: LagCause
    verdict: Verdict
    because: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    lacks: str | None = None


@dataclass(frozen=True)
class _Signs:
    """What was seen of one cause: phrases for and against, from sources of different kinds."""

    seen: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def explanations(gaps: Gaps, name: str) -> Iterator[Explanation]:
    """Yield how each cause stands for a node that is behind; those without a word either way are left out."""
    node, gap = gaps.evidence.node(name), gaps.of[name]
    for cause, look in _LOOKS:
        signs = look(gaps, node, gap)
        if cause in HOLDS_BACK and signs.seen:
            _hold_against_speed(signs, name, gap)
        if signs.seen:
            verdict = _how_sure(signs, needs_all=cause in HOLDS_BACK | NEEDS_ALL)
        elif signs.unread:
            verdict = Verdict.UNDETERMINED
        elif signs.against:
            verdict = Verdict.RULED_OUT
        else:
            continue
        lacks = " and ".join(signs.unread) if verdict is not Verdict.CONFIRMED else ""
        yield Explanation(cause, verdict, tuple(signs.seen), tuple(signs.against), lacks or None)


def _how_sure(signs: _Signs, *, needs_all: bool) -> Verdict:
    """Return how sure a cause is of which something was seen."""
    if needs_all and (signs.against or signs.unread):
        return Verdict.POSSIBLE if signs.against else Verdict.UNDETERMINED
    if len(signs.seen) > 1:
        return Verdict.CONFIRMED
    return Verdict.POSSIBLE if signs.against else Verdict.LIKELY


def _hold_against_speed(signs: _Signs, name: str, gap: Gap) -> None:
    """Take what is busy for what holds a node back only where its gap does not close: catching up is work."""
    if gap.closes_in_s is not None:
        signs.against.append(f"the gap closes all the same, in {seconds(gap.closes_in_s)}")
    elif gap.grows_per_s is None:
        signs.unread.append(f"a second sample of {name}'s indexes")


def _room(_: Gaps, node: NodeEvidence, __: Gap) -> _Signs:
    if node.disk.value is None:
        return _Signs(unread=[f"the disk of {node.node}"])
    reasons = list(why_no_room(node))
    failed = _logged(node, "wal_failed", "disk_space_low")
    if reasons and failed:
        reasons.append(f"{counted(failed, 'write')} of its log failed (log, {node.log.by})")
    if reasons:
        # The disk's own word is enough: without room Neumann refuses to write, whatever else is so.
        return _Signs(seen=[*reasons, "Neumann stops writing below that"])
    return _Signs(against=[f"{node.disk.value.free_bytes / 2**20:.0f} MiB free on {node.node}"])


def _link(gaps: Gaps, node: NodeEvidence, gap: Gap) -> _Signs:
    leader = gaps.leader
    if leader is None or leader == node.node or not gap.missing:
        return _Signs(against=["all that is committed has reached it"] if leader else [])
    signs = _Signs()
    results = raft.connect_results(gaps.evidence, "raft")
    for one, other in ((leader, node.node), (node.node, leader)):
        result, ping = results.get((one, other)), _ping(gaps, one, other)
        if result is None:
            signs.unread.append(f"the connect from {one} to {other}")
        elif result != "open":
            signs.seen.append(f"{one} → {other}: {result} (agent:{one})")
        if ping and ping.is_possible and ping.sent:
            lost = ping.sent - ping.received
            low, _ = wilson_interval(lost, ping.sent)
            if low > LOSSY_SHARE:
                signs.seen.append(f"{one} → {other}: {lost} of {ping.sent} pings lost (agent:{one})")
    if not signs.seen and not signs.unread:
        signs.against.append(f"{leader} and {node.node} reach each other")
    return signs


def _disk(_: Gaps, node: NodeEvidence, __: Gap) -> _Signs:
    signs, disk = _Signs(), node.disk.value
    stalled = disk.io_stalled_percent if disk else None
    if stalled is None:
        signs.unread.append(f"how long {node.node} waits for its disk")
    elif stalled >= STALLED_PERCENT:
        signs.seen.append(f"waits for its disk {stalled:.0f} % of the time (agent:{node.node})")
    if retried := _logged(node, "wal_retrying"):
        signs.seen.append(f"{counted(retried, 'write')} of its log tried again (log, {node.log.by})")
    if not signs.seen and stalled is not None:
        signs.against.append(f"{node.node} waits for its disk {stalled:.0f} % of the time")
    return signs


def _stuck(_: Gaps, node: NodeEvidence, gap: Gap) -> _Signs:
    if gap.applied_per_s is None:
        return _Signs(unread=[f"a second sample of {node.node}'s applied index"])
    if gap.applied_per_s > 0 or not gap.unapplied:
        why = "it applies entries" if gap.applied_per_s > 0 else "nothing waits to be applied"
        return _Signs(against=[why])
    signs = _Signs(seen=[f"{gap.unapplied} entries wait, and its applied index does not move (bot)"])
    if gap.received >= STILL_RECEIVED:
        signs.seen.append(f"{gap.received} more arrived meanwhile (bot)")
    else:
        signs.unread.append(f"whether {node.node} applies anything once entries are written")
    age_s = _age_s(node)
    if age_s is None:
        signs.unread.append(f"how long {node.node} has run: it may be replaying its log")
    elif age_s < JUST_STARTED_S:
        signs.against.append(f"it was started {seconds(age_s)} ago, and may be replaying its log")
    if node.log.value and any("snapshot" in line.lower() for line in node.log.value.excerpts):
        signs.against.append("its log speaks of a snapshot, during which nothing is applied")
    return signs


def _replaying(_: Gaps, node: NodeEvidence, gap: Gap) -> _Signs:
    age_s = _age_s(node)
    if age_s is None:
        return _Signs(unread=[f"how long {node.node} has run"])
    if age_s > JUST_STARTED_S:
        return _Signs(against=[f"{node.node} has run for {seconds(age_s)}"])
    signs = _Signs(seen=[f"started {seconds(age_s)} ago ({node.service.by})"])
    if gap.closes_in_s is not None:
        signs.seen.append(f"level in {seconds(gap.closes_in_s)} at this speed (bot)")
    return signs


def _age_s(node: NodeEvidence) -> float | None:
    return node.service.value.running_s if node.service.value else None


def _closing(_: Gaps, node: NodeEvidence, gap: Gap) -> _Signs:
    if gap.grows_per_s is None:
        return _Signs(unread=[f"a second sample of {node.node}"])
    if gap.closes_in_s is None:
        return _Signs(against=["the gap does not close"])
    return _Signs(
        seen=[f"the gap closes by {-gap.grows_per_s:.0f} a second: {seconds(gap.closes_in_s)} more (bot)"]
    )


def _writes(gaps: Gaps, node: NodeEvidence, gap: Gap) -> _Signs:
    if gap.node == gaps.leader:
        return _Signs(against=["it is the leader itself that applies too little"])
    others = [name for name in gaps.of if name != gaps.leader and name not in gaps.behind]
    if others:
        return _Signs(against=[f"{others[0]} keeps up with the same writes"])
    if gaps.unread:
        return _Signs(unread=[f"the indexes of {listed(gaps.unread, MAX_NAMES)}"])
    speed, applies = gaps.commits_per_s, gap.applied_per_s
    if speed is None or applies is None:
        return _Signs(unread=["a second sample of the indexes"])
    if not speed > applies > 0:
        return _Signs(
            against=["it applies nothing at all" if applies <= 0 else "it applies what is committed"]
        )
    return _Signs(
        seen=[
            f"no follower keeps up with {gaps.leader} (bot)",
            f"it applies {applies:.0f} entries a second of {speed:.0f} committed (bot)",
        ]
    )


_Look = Callable[[Gaps, NodeEvidence, Gap], _Signs]
_LOOKS: tuple[tuple[LagCause, _Look], ...] = (
    (LagCause.LOG_FULL, _room),
    (LagCause.LINK_TO_LEADER, _link),
    (LagCause.DISK_TOO_SLOW, _disk),
    (LagCause.APPLY_STUCK, _stuck),
    (LagCause.REPLAYING, _replaying),
    (LagCause.CATCHING_UP, _closing),
    (LagCause.WRITES_TOO_MANY, _writes),
)


def _logged(node: NodeEvidence, *events: str) -> int:
    """Return how often a log that is still being written says one of these events."""
    log = node.log.value
    if log is None or (log.silent_s or 0.0) > log.window_s:
        return 0
    return sum(log.counts.get(event, 0) for event in events)


def _ping(gaps: Gaps, one: str, other: str) -> Ping | None:
    return next((ping for ping in gaps.evidence.node(one).pings.value or () if ping.peer == other), None)
