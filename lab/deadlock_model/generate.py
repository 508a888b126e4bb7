"""Cases: three days of transactions, then something changes on one node, and what is read a while later."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.case import Case, Family
from lab.deadlock_model.document import Counting, document, sample
from lab.deadlock_model.locking import Load
from lab.second_model.losses import lose

DAYS_S = 3 * 86_400.0
READINGS_LOST = 0.5
SAMPLES_LOST = 0.2
"""Share of the documents with readings lost for which no samples were kept either."""

ALLOWED_PER_S = 1.0
"""What the alert allows."""


@dataclass
class Scene:
    """A cluster whose days are over; a fault strikes the last node."""

    draw: random.Random
    nodes: list[Counting]
    clock_h: float
    quiet_share: float

    @property
    def victim(self) -> Counting:
        """Return the node that a fault strikes."""
        return self.nodes[-1]

    def wave(self, ago_h: float) -> float:
        """Return the share of the busiest hour's transactions, which is 14 o'clock, so long ago."""
        wave = (1 + math.cos((self.clock_h - ago_h - 14) / 12 * math.pi)) / 2
        return self.quiet_share + (1 - self.quiet_share) * wave

    def deadlocks(self, low: float, high: float) -> None:
        """Choose by the number of keys how often the victim deadlocks a second."""
        load = self.victim.load
        load.keys *= (load.deadlocks_per_s / self.draw.uniform(low, high)) ** 0.5


Play = Callable[[Scene], frozenset[str]]


def generate(seed: int, each: int = 20) -> Iterator[Case]:
    """Yield so many cases of each fault, whole and with readings lost."""
    draw = random.Random(seed)  # noqa: S311 - a model, not a secret
    for number in range(each):
        for fault, (usual, play) in FAULTS.items():
            yield _case(draw, f"{number}-{fault}", usual, play)


def _case(draw: random.Random, name: str, usual: tuple[float, float], play: Play) -> Case:
    scene = _scene(draw)
    scene.deadlocks(*usual)
    samples = list(_days(scene))
    causes = play(scene)
    samples += _while_it_lasts(scene)
    read = document(scene.nodes, draw)
    rate = scene.victim.load.deadlocks_per_s
    if rate < 1.4 * ALLOWED_PER_S:
        # So near the bound, chance decides whether the alert's rate is above it.
        causes = (causes if rate > 0.7 * ALLOWED_PER_S else frozenset()) | {"deadlocks_over"}
    blurred = draw.random() < READINGS_LOST
    story = lose(draw, read) if blurred else ""
    if blurred and draw.random() < SAMPLES_LOST:
        samples, story = [], f"{story}, no samples"
    family: Family = "readings_lost" if blurred else "as_read"
    return Case(f"{name} {story}".strip(), family, read, causes, samples=tuple(samples))


EVERY_S = 900.0


def _days(scene: Scene) -> Iterator[dict[str, Any]]:
    """Let three days pass as usual; a sample is kept every hour."""
    busiest = {node.name: node.load.per_s for node in scene.nodes}
    for left in range(72, 2, -1):
        for node in scene.nodes:
            node.load.per_s = busiest[node.name] * scene.wave(left)
            node.passes(scene.draw, 3600)
        yield sample(scene.nodes, scene.draw, left * 3600.0)


def _while_it_lasts(scene: Scene) -> list[dict[str, Any]]:
    """Let what is wrong last for half an hour to two; samples come every quarter of one."""
    last_s = scene.draw.uniform(5, EVERY_S)
    kept = []
    for ago_s in range(scene.draw.randint(2, 7), -1, -1):
        for node in scene.nodes:
            node.passes(scene.draw, EVERY_S)
        kept.append(sample(scene.nodes, scene.draw, last_s + ago_s * EVERY_S))
    for node in scene.nodes:
        node.passes(scene.draw, last_s)
    return kept


def _scene(draw: random.Random) -> Scene:
    rtt_s = draw.choice((0.0005, 0.001, 0.005))
    nodes = [
        Counting(
            f"node{number}",
            Load(
                per_s=draw.choice((20, 100, 400)) * draw.uniform(0.7, 1.3),
                actions=draw.uniform(3, 8),
                keys=draw.uniform(2e4, 2e5),
                action_s=draw.uniform(0.0005, 0.004),
                round_trip_s=rtt_s,
                write_s=draw.uniform(0.0005, 0.005),
            ),
            stalled_percent=draw.uniform(0, 8),
        )
        for number in range(1, draw.choice((3, 3, 5)) + 1)
    ]
    for node in nodes:
        # Elsewhere there are few: as many as every system has that locks.
        node.load.keys *= (node.load.deadlocks_per_s / draw.uniform(0.001, 0.3)) ** 0.5
    return Scene(draw, nodes, clock_h=draw.uniform(0, 24), quiet_share=draw.uniform(0.3, 1.0))


def _slow_link(scene: Scene) -> frozenset[str]:
    scene.victim.load.round_trip_s = scene.draw.uniform(0.06, 0.4)
    return frozenset({"links_hold_locks"})


def _lossy_link(scene: Scene) -> frozenset[str]:
    scene.victim.load.loss = scene.draw.uniform(0.05, 0.3)
    return frozenset({"links_hold_locks"})


def _slow_disk(scene: Scene) -> frozenset[str]:
    scene.victim.load.write_s = scene.draw.uniform(0.05, 0.4)
    scene.victim.stalled_percent = scene.draw.uniform(30, 90)
    return frozenset({"disk_holds_locks"})


def _more(scene: Scene) -> frozenset[str]:
    scene.victim.load.per_s *= scene.draw.uniform(2, 5)
    return frozenset({"transactions_too_many"})


def _hot_keys(scene: Scene) -> frozenset[str]:
    scene.victim.load.keys /= scene.draw.uniform(3, 10)
    return frozenset({"hot_keys"})


def _longer(scene: Scene) -> frozenset[str]:
    scene.victim.load.actions *= scene.draw.uniform(1.5, 2.5)
    return frozenset({"hot_keys"})


def _nobody_aborted(scene: Scene) -> frozenset[str]:
    scene.victim.load.aborts_victims = False
    scene.deadlocks(4, 40)
    return frozenset({"victims_not_aborted"})


def _disk_and_more(scene: Scene) -> frozenset[str]:
    return _slow_disk(scene) | _more(scene)


def _more_on_hot_keys(scene: Scene) -> frozenset[str]:
    return _more(scene) | _hot_keys(scene)


def _as_ever(_: Scene) -> frozenset[str]:
    return frozenset({"deadlocks_as_usual"})


def _sound(_: Scene) -> frozenset[str]:
    return frozenset({"deadlocks_over"})


FAULTS: dict[str, tuple[tuple[float, float], Play]] = {
    "slow link": ((0.05, 0.5), _slow_link),
    "lossy link": ((0.1, 0.8), _lossy_link),
    "slow disk": ((0.05, 0.5), _slow_disk),
    "more": ((0.2, 0.8), _more),
    "hot keys": ((0.1, 0.8), _hot_keys),
    "longer": ((0.1, 0.8), _longer),
    "nobody aborted": ((0.05, 0.5), _nobody_aborted),
    "disk and more": ((0.05, 0.5), _disk_and_more),
    "more on hot keys": ((0.05, 0.5), _more_on_hot_keys),
    "as ever": ((1.3, 20), _as_ever),
    "sound": ((0.001, 0.8), _sound),
}
"""Fault → how often the node deadlocks a second before it, at least and at most, and what it does."""
