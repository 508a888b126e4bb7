"""Cases: hosts over three days, one of which runs out of something or of nothing, and what is read then."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

from lab.capacity_model.document import Page, document, sample
from lab.capacity_model.faults import DAYS_H, FAULTS, Play, Scene
from lab.capacity_model.host import GIB, Host
from lab.capacity_model.leading import SHORT_OF_ROOM, TWISTS, Standing, placed, spared_by, twists
from lab.case import Case
from lab.second_model.losses import lose

FILLING = ("not compacted", "data grows", "others grow")
"""The faults that go on filling a disk, which one of them does most of."""

OTHERS = ("several grow", "a file came", "backup", "small volume", "full", "leaks", "sound")
"""Some of which no leader has to go: its disk does not go on filling by one thing, or is full already."""

READINGS_LOST = 0.5
SAMPLES_LOST = 0.2
"""Share of the documents with readings lost for which no samples were kept either."""


def generate(seed: int, each: int = 12) -> Iterator[Case]:
    """Yield so many cases of each fault, whole and with readings lost."""
    draw = random.Random(seed)  # noqa: S311 - a model, not a secret
    for number in range(each):
        for fault, play in FAULTS.items():
            yield _case(draw, f"{number}-{fault}", play)
    yield from _leading(random.Random(f"leader {seed}"), each)  # noqa: S311 - a model, not a secret


def _leading(draw: random.Random, each: int) -> Iterator[Case]:
    """Yield cases in which it is the leader that runs out, in a sound cluster and in others."""
    for number in range(each):
        for twist in twists():
            fault = draw.choice(FILLING)
            yield _of_leader(draw, f"{number}-leader: {fault}", fault, twist)
        for fault in OTHERS:
            yield _of_leader(draw, f"{number}-leader: {fault}", fault, "whole")


def _of_leader(draw: random.Random, name: str, fault: str, twist: str) -> Case:
    scene = _scene(draw)
    causes = FAULTS[fault](scene) | (frozenset({"disk_taken"}) if twist in SHORT_OF_ROOM else frozenset())
    standing = Standing(scene.victim.name, tuple(host.name for host in scene.hosts))
    TWISTS[twist](standing, scene)
    samples = _days(scene)
    read = placed(document(scene.hosts, scene.page, draw), standing, draw)
    spared, must = spared_by(standing, scene.hosts)
    ways = tuple(f"{standing.leader}→{to}" for to in spared)
    blurred = draw.random() < READINGS_LOST
    story = lose(draw, read) if blurred else ""
    return Case(
        f"{name}, {twist} {story}".strip(),
        "readings_lost" if blurred else "as_read",
        read,
        causes,
        samples=samples,
        # What does not go on filling the disk may as well stop: nobody has to go by that.
        hands_on=ways if must and fault in FILLING else (),
        also_helps=frozenset(("transfer_leadership", way) for way in ways),
    )


def _case(draw: random.Random, name: str, play: Play) -> Case:
    scene = _scene(draw)
    causes = play(scene)
    samples = _days(scene)
    read = document(scene.hosts, scene.page, draw)
    blurred = draw.random() < READINGS_LOST
    story = lose(draw, read) if blurred else ""
    if blurred and draw.random() < SAMPLES_LOST:
        samples, story = (), f"{story}, no samples"
    return Case(
        f"{name} {story}".strip(), "readings_lost" if blurred else "as_read", read, causes, samples=samples
    )


def _scene(draw: random.Random) -> Scene:
    clock_h, quiet_share = draw.uniform(5, 24), draw.uniform(0.3, 1.0)
    backup_bytes = draw.uniform(1, 8) * GIB if draw.random() < 0.3 else 0.0
    rotates = draw.random() < 0.5
    hosts = [
        Host(
            f"node{number}",
            clock_h=clock_h,
            writes_per_s=draw.choice((60, 300, 1500)) * draw.uniform(0.7, 1.3),
            quiet_share=quiet_share,
            entry_bytes=draw.uniform(200, 800),
            cores=draw.uniform(0.03, 0.7),
            rotates=rotates,
            data_bytes=draw.uniform(1, 60) * GIB,
            others_bytes=draw.uniform(2, 20) * GIB,
            backup_bytes=backup_bytes,
            memory_bytes=draw.uniform(1, 30) * GIB,
            data_per_h=draw.uniform(0, 0.1) * GIB / 24,
        )
        for number in range(1, draw.choice((3, 3, 5)) + 1)
    ]
    page = Page(has_free=draw.random() < 0.5, counts_log=draw.random() < 0.5)
    scene = Scene(draw, hosts, page)
    for host in hosts:
        scene.free_bytes[host.name] = draw.uniform(15, 200) * GIB
        scene.memory_share[host.name] = draw.uniform(0.2, 0.8)
    return scene


def _days(scene: Scene) -> tuple[dict[str, Any], ...]:
    """Let three days pass; return a sample for every half hour or hour of them."""
    every_h = scene.draw.choice((0.5, 1.0))
    last_h = -scene.draw.uniform(0.02, every_h)
    due = [last_h - number * every_h for number in range(int((DAYS_H + last_h) / every_h))]
    seen: list[tuple[float, Sequence[Host]]] = []
    hour = -DAYS_H
    for until in sorted({*due, *scene.events, 0.0}):
        for host in scene.hosts:
            host.passes(hour, until - hour)
        hour = until
        if event := scene.events.get(hour):
            event(scene.victim)
        if hour in due:
            seen.append((hour, [copy(host) for host in scene.hosts]))
    for place, host in enumerate(scene.hosts):
        size = host.used_bytes(0.0) + scene.free_bytes[host.name]
        limit = host.taken_bytes(0.0) / scene.memory_share[host.name]
        for each in (host, *(then[place] for _, then in seen)):
            each.disk_bytes, each.memory_limit_bytes = size, limit
    return tuple(sample(then, scene.page, scene.draw, at_h) for at_h, then in seen)
