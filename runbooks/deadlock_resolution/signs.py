"""Why a node's transactions deadlock: what holds locks for longer, and what brings more of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from runbooks.deadlock_resolution.causes import DeadlockCause
from runbooks.deadlock_resolution.rates import ALERT_PER_S, Cluster, Rates, at_least
from runbooks.evidence import Ping
from runbooks.explanations import Explanation
from runbooks.model import Verdict
from runbooks.statistics import wilson_interval

SLOW_ROUND_TRIP_MS = 50.0
"""Prepare and commit take a round trip each, and two of these last as long as the detector's interval,
`detection_interval_ms`, which is documented as 100 ms."""

LOSSY_SHARE = 0.02
"""Loss from which on messages wait for TCP's retransmission, 200 ms and more (RFC 6298; Linux)."""

STALLED_PERCENT = 20.0
"""Share of the last 10 s in which every task waited for the disk (`full` of /proc/pressure/io)."""

MORE_TRANSACTIONS, AS_MANY = 1.5, 1.25
"""Times the usual rate from which on there are more, and up to which there are as many."""

MANY_TIMES = 3.0
"""Deadlocks so many times the usual, with all else as ever, come from other locking."""

MIN_TRANSACTIONS = 10
"""Fewer that ended between the samples show no rate."""

MIN_STANDING = 3.0
"""Deadlocks expected at the least between the samples, for none of their victims to be no chance."""


@dataclass(frozen=True)
class _Signs:
    """What was seen of each cause, and what was not read that could speak for one."""

    seen: dict[DeadlockCause, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def see(self, cause: DeadlockCause, phrase: str) -> None:
        self.seen.setdefault(cause, []).append(phrase)


def explain(cluster: Cluster, node: Rates) -> Iterator[Explanation]:
    """Yield the causes of which something was seen on a node with many deadlocks, or that nothing was."""
    said = _said(node)
    if stands := _not_aborted(node):
        yield Explanation(node.name, DeadlockCause.VICTIMS_NOT_ABORTED, Verdict.LIKELY, (*said, stands))
        return
    signs = _Signs()
    if node.grown("deadlock_victims_total") == 0:
        signs.unread.append(f"whether {node.name} aborts its victims")
    _links(cluster, node, signs)
    _disk(node, signs)
    _load(node, signs)
    yield from _weighed(node, signs, said) if signs.seen else [_nothing_seen(node, signs, said)]


def _weighed(node: Rates, signs: _Signs, said: tuple[str, ...]) -> Iterator[Explanation]:
    """Yield what was seen: likely where it is one thing and no other was left unread.

    One of several may be enough; which one it is, is not known.
    """
    lacks = [*(["which of these it is"] if len(signs.seen) > 1 else []), *signs.unread]
    if lacks:
        yield _unexplained(node, said, " and ".join(lacks))
    for cause, seen in signs.seen.items():
        verdict = Verdict.POSSIBLE if lacks else Verdict.LIKELY
        yield Explanation(node.name, cause, verdict, (*said, *seen))


def _not_aborted(node: Rates) -> str | None:
    found, aborted = node.grown("deadlocks_total"), node.grown("deadlock_victims_total")
    if found is None or aborted is None or aborted or at_least(found) < MIN_STANDING:
        return None
    return f"{node.name}: {found} deadlocks between the samples and no victim (bot)"


def _links(cluster: Cluster, node: Rates, signs: _Signs) -> None:
    if node.node.pings.value is None:
        signs.unread.append(f"the pings of {node.name}")
    for one, ping in _pings(cluster, node.name):
        if not ping.is_possible or not ping.sent:
            continue
        lost = ping.sent - ping.received
        if wilson_interval(lost, ping.sent)[0] > LOSSY_SHARE:
            lossy = f"{one} → {ping.peer}: {lost} of {ping.sent} pings lost (agent:{one})"
            signs.see(DeadlockCause.LINKS_HOLD_LOCKS, lossy)
        elif ping.rtt_avg_ms is not None and ping.rtt_avg_ms >= SLOW_ROUND_TRIP_MS:
            slow = f"{one} → {ping.peer}: round trips of {ping.rtt_avg_ms:.0f} ms (agent:{one})"
            signs.see(DeadlockCause.LINKS_HOLD_LOCKS, slow)


def _pings(cluster: Cluster, name: str) -> Sequence[tuple[str, Ping]]:
    """Return the pings from and to a node, with who sent them."""
    return [
        (other.node, ping)
        for other in cluster.evidence.nodes
        for ping in other.pings.value or ()
        if name in (other.node, ping.peer)
    ]


def _disk(node: Rates, signs: _Signs) -> None:
    disk = node.node.disk.value
    stalled = disk.io_stalled_percent if disk else None
    if stalled is None:
        signs.unread.append(f"how long {node.name} waits for its disk")
    elif stalled >= STALLED_PERCENT:
        waits = f"{node.name}: waits for its disk {stalled:.0f} % of the time (agent:{node.name})"
        signs.see(DeadlockCause.DISK_HOLDS_LOCKS, waits)


def _load(node: Rates, signs: _Signs) -> None:
    times = _times_as_many(node)
    if times is None:
        signs.unread.append(f"how many transactions {node.name} usually has")
    elif times >= MORE_TRANSACTIONS:
        more = f"{node.name}: {times:.1f} times as many transactions as usual (bot)"
        signs.see(DeadlockCause.TRANSACTIONS_TOO_MANY, more)
        usual, now = node.history.usual_deadlocks_per_s, node.deadlocks_per_s or 0.0
        # Deadlocks grow with the square of the transactions that there are (Gray et al., 1996).
        if usual is None or now > MANY_TIMES * times**2 * usual:
            signs.unread.append(f"what else has changed on {node.name}: so many explain only a part")


def _times_as_many(node: Rates) -> float | None:
    usual, ended = node.history.usual_transactions_per_s, node.grown("transactions_total")
    if not usual or ended is None or node.seconds is None or ended < MIN_TRANSACTIONS:
        return None
    return ended / node.seconds / usual


def _nothing_seen(node: Rates, signs: _Signs, said: tuple[str, ...]) -> Explanation:
    """Judge a node with nothing unusual: it deadlocks as ever, or its clients lock otherwise than before."""
    usual, now = node.history.usual_deadlocks_per_s, node.deadlocks_per_s or 0.0
    if usual is None:
        lacks = [*signs.unread, f"how often {node.name} usually deadlocks"]
        return _unexplained(node, said, " and ".join(lacks))
    if usual > ALERT_PER_S and now < MANY_TIMES * usual:
        return Explanation(node.name, DeadlockCause.DEADLOCKS_AS_USUAL, Verdict.LIKELY, said)
    if signs.unread:
        return _unexplained(node, said, " and ".join(signs.unread))
    if (_times_as_many(node) or 0.0) <= AS_MANY and now >= MANY_TIMES * usual:
        as_ever = f"{node.name}: links, disk and load are as ever"
        return Explanation(node.name, DeadlockCause.HOT_KEYS, Verdict.LIKELY, (*said, as_ever))
    return _unexplained(node, said, f"what else has changed on {node.name}")


def _unexplained(node: Rates, said: tuple[str, ...], lacks: str) -> Explanation:
    cause = DeadlockCause.DEADLOCKS_UNEXPLAINED
    return Explanation(node.name, cause, Verdict.UNDETERMINED, said, (), lacks)


def _said(node: Rates) -> tuple[str, ...]:
    usual, page = node.history.usual_deadlocks_per_s, node.node.newest_metrics
    usually = "" if usual is None else f", usually {usual:.1f}"
    rate = f"{node.name}: {node.deadlocks_per_s or 0.0:.1f} deadlocks a second{usually} (bot)"
    if page is None or page.wait_graph_size is None or page.tx_active is None:
        return (rate,)
    return (rate, f"{node.name}: {page.tx_active} transactions run, {page.wait_graph_size} wait (bot)")
