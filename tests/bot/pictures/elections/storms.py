"""Election series for tests: a calm, a storm that a plan ends, and one that was not read throughout."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bot.pictures.elections.series import ElectionSeries, Mark, MarkKind, Sample
from runbooks.evidence import Role
from tests.bot.pictures.clusters import names_of
from tests.builders import NOON

START = NOON - timedelta(minutes=3)
EVERY_S = 5
STORM_S = (150, 430)


def mark(second: int, kind: MarkKind, words: str) -> Mark:
    """What happened so many seconds after the start."""
    return Mark(START + timedelta(seconds=second), kind, words)


MARKS = (
    mark(180, "alert", "alert ElectionStorm"),
    mark(360, "plan", "alice confirmed: wider timeouts"),
    mark(380, "step", "node1 done"),
    mark(400, "step", "node2 done"),
    mark(425, "step", "node3 done"),
    mark(470, "verified", "leader verified"),
    mark(540, "resolved", "alert resolved"),
)


def storm(
    count: int = 3, *, unread: dict[str, tuple[int, int]] | None = None, seed: int = 4
) -> ElectionSeries:
    """Ten minutes: node1 leads, for some five minutes they elect and elect, then node2 leads.

    Args:
        count: How many nodes.
        unread: Node → from and to which second it was not read.
        seed: Another one gives other elections.
    """
    draw, names = Random(seed), names_of(count)
    term, elections, samples = 7, dict.fromkeys(names, 3), []
    for second in range(0, 601, EVERY_S):
        stormy = STORM_S[0] < second < STORM_S[1]
        for name in draw.choices(names, k=draw.randrange(3)) if stormy else ():
            elections[name] += 1
            term += 1
        leader = None if stormy else "node1" if second <= STORM_S[0] else "node2"
        for name in names:
            role = Role.CANDIDATE if stormy and draw.random() < 0.6 else Role.FOLLOWER
            start, end = (unread or {}).get(name, (-1, -1))
            if not start < second < end:
                role = Role.LEADER if name == leader else role
                at = START + timedelta(seconds=second)
                samples.append(Sample(at, name, role, term, elections[name]))
    return ElectionSeries("demo", tuple(samples), MARKS, EVERY_S)


def calm() -> ElectionSeries:
    """Ten minutes in which node1 leads and nobody elects."""
    moments = [START + timedelta(seconds=second) for second in range(0, 601, EVERY_S)]
    roles = {"node1": Role.LEADER, "node2": Role.FOLLOWER, "node3": Role.FOLLOWER}
    return ElectionSeries(
        "demo",
        tuple(Sample(at, name, role, 7, 3) for at in moments for name, role in roles.items()),
        (),
        EVERY_S,
    )
