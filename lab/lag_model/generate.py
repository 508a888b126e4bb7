"""Cases: a cluster with one fault or none, how it stands after a while, and what a reading of it says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.case import Case
from lab.lag_model.document import SAMPLE_GAP_S, Look, Surroundings, document
from lab.lag_model.flow import Member, flow
from lab.second_model.losses import lose

ALLOWED_ENTRIES = 1000
"""What the alert allows."""

READINGS_LOST = 0.5
"""Share of the documents in which a group of readings is missing."""


@dataclass
class Scene:
    """A cluster under way: whom a fault strikes, how many entries come, and what was done to it."""

    draw: random.Random
    leader: Member
    followers: list[Member]
    offered: float
    running_s: dict[str, float]
    free_bytes: dict[str, float]

    @property
    def victim(self) -> Member:
        """Return the follower that a fault strikes."""
        return self.followers[-1]

    def passes(self, low_s: float, high_s: float) -> float:
        """Let a while pass, and return how long."""
        seconds = self.draw.uniform(low_s, high_s)
        flow(self.leader, self.followers, self.offered, seconds)
        return seconds


def generate(seed: int, each: int = 30) -> Iterator[Case]:
    """Yield so many cases of each fault, whole and with readings lost."""
    draw = random.Random(seed)  # noqa: S311 - a model, not a secret
    for number in range(each):
        for fault, play in FAULTS.items():
            yield _case(draw, f"{number}-{fault}", play)


Play = Callable[[Scene], frozenset[str]]


def _case(draw: random.Random, name: str, play: Play) -> Case:
    scene = _scene(draw)
    scene.passes(20, 60)
    causes = play(scene)
    members = (scene.leader, *scene.followers)
    looks = []
    for wait_s in (0.0, SAMPLE_GAP_S):
        flow(scene.leader, scene.followers, scene.offered, wait_s)
        looks.append([Look.of(member) for member in members])
    lag = max(scene.leader.commit - member.applied for member in members)
    stuck = next((m.name for m in scene.followers if m.applies == 0 and not m.away), None)
    around = [Surroundings(scene.running_s[m.name], scene.free_bytes[m.name]) for m in members]
    read = document(draw, members, looks, around)
    blurred = draw.random() < READINGS_LOST
    story = lose(draw, read) if blurred else ""
    behind = lag > ALLOWED_ENTRIES
    late = [m for m in scene.followers if scene.leader.commit - m.applied > ALLOWED_ENTRIES]
    if "writes_too_many" in causes and len(late) < len(scene.followers):
        causes = frozenset()  # with some of them within the bound, nobody could tell it from a slow node
    return Case(
        f"{name} {story}".strip(),
        "readings_lost" if blurred else "as_read",
        read,
        causes if behind else frozenset({"lag_over"}),
        stuck if behind and "apply_stuck" in causes else None,
    )


def _scene(draw: random.Random) -> Scene:
    count = draw.choice((3, 3, 5))
    offered = draw.choice((60, 200, 800, 2500)) * draw.uniform(0.7, 1.3)
    members = [
        Member(
            f"node{number}",
            applies=offered * draw.uniform(3, 12),
            writes=offered * draw.uniform(4, 20),
            round_trip_s=draw.choice((0.0005, 0.001, 0.005)),
        )
        for number in range(1, count + 1)
    ]
    for member in members:
        member.log = member.commit = member.applied = 100_000
    return Scene(
        draw,
        members[0],
        members[1:],
        offered,
        {member.name: draw.uniform(3_600, 2_000_000) for member in members},
        {member.name: draw.uniform(5e9, 90e9) for member in members},
    )


def _cut(scene: Scene) -> frozenset[str]:
    scene.victim.cut = True
    scene.passes(30, 300)
    return frozenset({"link_to_leader"})


def _loses_packets(scene: Scene) -> frozenset[str]:
    scene.victim.loss, scene.victim.round_trip_s = scene.draw.uniform(0.08, 0.4), 0.05
    scene.offered = max(scene.offered, scene.victim.receives * scene.draw.uniform(1.5, 3))
    scene.victim.writes = max(scene.victim.writes, scene.offered * 4)
    for member in (scene.leader, *scene.followers):
        member.applies, member.writes = (
            max(member.applies, scene.offered * 3),
            max(member.writes, scene.offered * 4),
        )
    scene.passes(60, 300)
    return frozenset({"link_to_leader"})


def _slow_disk(scene: Scene) -> frozenset[str]:
    scene.victim.writes = scene.offered * scene.draw.uniform(0.1, 0.7)
    scene.passes(60, 300)
    return frozenset({"disk_too_slow"})


def _full_disk(scene: Scene) -> frozenset[str]:
    scene.victim.writes = 0.0
    scene.free_bytes[scene.victim.name] = scene.draw.uniform(0, 90e6)
    scene.passes(30, 300)
    return frozenset({"log_full"})


def _stuck(scene: Scene) -> frozenset[str]:
    scene.victim.applies = 0.0
    scene.passes(30, 300)
    return frozenset({"apply_stuck"})


def _restarted(scene: Scene) -> frozenset[str]:
    scene.victim.away = True
    scene.passes(30, 400)
    scene.victim.away = False
    scene.victim.applies = scene.offered * scene.draw.uniform(1.3, 3)
    scene.running_s[scene.victim.name] = scene.passes(1, 15)
    return frozenset({"replaying", "catching_up"})


def _healed(scene: Scene) -> frozenset[str]:
    scene.victim.cut = True
    scene.passes(30, 400)
    scene.victim.cut = False
    scene.victim.applies = scene.offered * scene.draw.uniform(1.3, 3)
    scene.passes(1, 10)
    return frozenset({"catching_up"})


def _overload(scene: Scene) -> frozenset[str]:
    for follower in scene.followers:
        follower.applies = scene.offered * scene.draw.uniform(0.3, 0.9)
    scene.passes(60, 400)
    return frozenset({"writes_too_many"})


def _starved(scene: Scene) -> frozenset[str]:
    scene.victim.applies = scene.offered * scene.draw.uniform(0.3, 0.8)
    scene.passes(60, 300)
    return frozenset()


def _sound(scene: Scene) -> frozenset[str]:
    scene.passes(5, 60)
    return frozenset({"lag_over"})


FAULTS: dict[str, Play] = {
    "cut": _cut,
    "loss": _loses_packets,
    "slow disk": _slow_disk,
    "full disk": _full_disk,
    "stuck": _stuck,
    "restarted": _restarted,
    "healed": _healed,
    "overload": _overload,
    "no CPU": _starved,
    "sound": _sound,
}
