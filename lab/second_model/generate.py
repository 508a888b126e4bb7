"""Draw worlds, put faults and lost readings into them, and work out what is true of each by its physics."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import combinations
from random import Random
from typing import Any, Literal, get_args

from lab.second_model.fault import Button, Fault
from lab.second_model.faults import FAULTS
from lab.second_model.lies import lie
from lab.second_model.losses import lose
from lab.second_model.readings import read
from lab.second_model.world import (
    MAX_SKEW_MS,
    WAL_NEEDS_BYTES,
    Member,
    PeerForm,
    World,
    churns,
    electable,
    serves,
    sound,
    timeouts_of,
    writes,
)

COUNT = 600
Family = Literal["read", "lost", "lying"]
"""Whether all of it was read as it is, some was not read, or one source lies. A third of the cases each."""


@dataclass(frozen=True)
class Case:
    """One document with what is true of its cluster.

    `causes` are those that keep a leader away; `present` are all faults that are there, which may be named
    without being wrong. `can_elect` is by physics. `wanted` are actions that help, `needed` those whose
    absence would keep the cluster without a leader. `blurred` is a document in which something was not read.
    `world` is what was read, `faults` what was put into it.
    """

    name: str
    family: Family
    evidence: dict[str, Any]
    story: str
    causes: frozenset[str]
    present: frozenset[str]
    can_elect: bool
    led: bool
    wanted: frozenset[Button]
    needed: frozenset[Button]
    blurred: bool
    world: World
    faults: tuple[Fault, ...] = field(compare=False)


def generate(seed: int, count: int = COUNT) -> Iterator[Case]:
    """Yield cases; the same seed gives the same ones."""
    families: tuple[Family, ...] = get_args(Family)
    for number in range(count):
        family = families[number % len(families)]
        yield _case(Random(f"{seed}-{number}"), f"second-{number:04}", family)  # noqa: S311


def _case(draw: Random, name: str, family: Family) -> Case:
    size = draw.choice((3, 3, 3, 4, 5, 5, 7))
    names = tuple(f"{draw.choice(('node', 'db', 'realtime'))}-{number}" for number in range(size))
    makers = dict.fromkeys(draw.choices(FAULTS, k=draw.choice((0, 1, 1, 1, 2, 2, 3))))
    faults = [make(draw, names) for make in makers]
    world = _world(names, draw.random(), faults, draw)
    blurred = _blur(world, draw)
    can, causes = bool(electable(world)), _causes(names, faults)
    led = can and not churns(world) and not world.frozen
    needed = frozenset(
        button for fault in faults if fault.cause in causes and not can for button in fault.wanted
    )
    wanted = frozenset(button for fault in faults for button in fault.wanted)
    useless = frozenset(
        ("start_service", name) for name, member in world.members.items() if not _starts(member)
    ) | frozenset(("clock_sync", name) for name in names if not _can_be_stepped(world, name))
    harmful = frozenset(("start_service", name) for name, member in world.members.items() if _is_full(member))
    evidence = read(world, draw, led=led)
    stories = [fault.story for fault in faults] or ["nothing"]
    if family != "read":
        stories.append({"lost": lose, "lying": lie}[family](draw, evidence))
    return Case(
        name=name,
        family=family,
        evidence=evidence,
        story="; ".join(stories),
        causes=causes if not led else frozenset(),
        present=frozenset(fault.cause for fault in faults) | _looks_stopped(evidence, world),
        can_elect=can,
        led=led,
        wanted=wanted - harmful,
        needed=needed - useless,
        blurred=blurred or family != "read",
        world=world,
        faults=tuple(faults),
    )


def _looks_stopped(evidence: dict[str, Any], world: World) -> frozenset[str]:
    """Return what a process that crashes looks like where its manager was not read: it is not there."""
    unread = {node["node"] for node in evidence["nodes"] if node["service"]["value"] is None}
    crashing = {name for name, member in world.members.items() if member.process == "crashing"}
    return frozenset({"quorum_loss"} if unread & crashing else ())


def _is_full(member: Member) -> bool:
    return member.free_bytes < WAL_NEEDS_BYTES


def _can_be_stepped(world: World, name: str) -> bool:
    """Return whether a clock has a source to step to, and another, of a process that runs, bears it out.

    A host's word about its own clock is one source, and nobody can tell the false one of too few (RFC 5905,
    11.2.1): gossip tells it, and only between two that run and are apart.
    """
    member = world.members[name]
    apart = (
        abs(member.offset_ms - other.offset_ms) > MAX_SKEW_MS
        for peer, other in world.members.items()
        if peer != name and serves(other)
    )
    return member.chrony == "synced" and serves(member) and any(apart)


def _starts(member: Member) -> bool:
    return member.process == "stopped" and writes(member)


def _world(names: tuple[str, ...], luck: float, faults: list[Fault], draw: Random) -> World:
    world = sound(names)
    world.log_level = draw.choice(("error", "warn", "warn", "debug"))
    world.frozen = not faults and luck < 0.3
    if luck < 0.25:
        world.old_lines = {draw.choice(("tls_failed", "disk_space_low", "wal_failed", "peer_mismatch")): 2}
    world.probe_lines = 0.25 < luck < 0.4
    for fault in faults:
        fault.inject(world)
    wrong = any(member.wrong_port or member.lacks for member in world.members.values())
    form: PeerForm = draw.choice(("name", "name", "domain", "id", "name" if wrong else "seeds"))
    for member in world.members.values():
        member.peer_form = draw.choice((form, form, "address")) if form == "name" else form
    return world


def _blur(world: World, draw: Random) -> bool:
    """Take readings away, and let sources lie as they do; return whether something was taken away."""
    blurred = False
    if draw.random() < 0.15:
        for name in draw.sample(world.names, draw.randint(1, len(world.names))):
            world.members[name].chrony = draw.choice(("no_source", "local", "unread"))
        blurred = True
    if draw.random() < 0.1:
        world.members[draw.choice(world.names)].agent = False
        blurred = True
    if draw.random() < 0.08:
        share = draw.uniform(0.05, 0.3)
        for member in world.members.values():
            member.starved = share
        blurred = True
    return blurred


def _causes(names: tuple[str, ...], faults: list[Fault]) -> frozenset[str]:
    """Return the causes in any smallest set of the faults that keeps a leader away."""
    whole = sound(names)
    for fault in faults:
        fault.inject(whole)
    minimal: list[frozenset[int]] = []
    for size in range(1, len(faults) + 1):
        for chosen in map(frozenset, combinations(range(len(faults)), size)):
            if any(smaller <= chosen for smaller in minimal):
                continue
            world = sound(names)
            for number in sorted(chosen):
                deepcopy(faults[number]).inject(world)
            for name, member in world.members.items():
                if member.process != whole.members[name].process:
                    member.process = "running"  # another fault came first on this node
            if not electable(world):
                minimal.append(chosen)
    if minimal:
        return frozenset(faults[number].cause for chosen in minimal for number in chosen)
    return frozenset(fault.cause for fault in faults if _alone_churns(names, fault))


def _alone_churns(names: tuple[str, ...], fault: Fault) -> bool:
    world = sound(names)
    fault.inject(world)
    return churns(world) and timeouts_of(world)[0] > 0
