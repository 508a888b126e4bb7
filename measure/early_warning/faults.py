"""Faults that come slowly, and after how many hours the cluster has lost its leader, or its log, of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from measure.early_warning.month import GB, Change, World
from runbooks.posture.model import Check


@dataclass(frozen=True)
class Fault:
    """One fault: which checks may warn of it, and how it is made: returns the change and the failing hour."""

    name: str
    checks: frozenset[Check]
    make: Callable[[Random], tuple[Change, float]]


def _second_node(chance: Random) -> tuple[Change, float]:
    """One node stays down, and hours later a second one goes."""
    second_h = chance.uniform(2, 24)

    def change(world: World, hours: float) -> None:
        world.hosts["node3"].is_down = True
        world.hosts["node2"].is_down = hours >= second_h

    return change, second_h


def _drift(chance: Random) -> tuple[Change, float]:
    """A clock runs away from true time, slower or faster, until it is off by more than the limit."""
    per_hour_ms = chance.choice((-1, 1)) * chance.uniform(8, 60)

    def change(world: World, hours: float) -> None:
        world.hosts["node2"].offset_ms += per_hour_ms * hours

    return change, 500 / abs(per_hour_ms)


def _loss(chance: Random) -> tuple[Change, float]:
    """A link's loss rises until so many heartbeats are lost that no leader lasts."""
    rises_h = chance.uniform(8, 36)

    def change(world: World, hours: float) -> None:
        world.hosts["node1"].loss += min(0.4 * (hours / rises_h) ** 2, 0.9)

    return change, rises_h


def _latency(chance: Random) -> tuple[Change, float]:
    """A path gets slower until ten one-way latencies take as long as the election timeout."""
    rises_h = chance.uniform(8, 36)

    def change(world: World, hours: float) -> None:
        world.hosts["node1"].rtt_ms += 60 * (hours / rises_h)

    return change, rises_h


def _elections(chance: Random) -> tuple[Change, float]:
    """Leaders are lost more and more often, until none lasts."""
    rises_h = chance.uniform(24, 72)

    def change(world: World, hours: float) -> None:
        a_day = 60 * (hours / rises_h) ** 2
        world.hosts["node2"].elections += int(world.chance.random() < a_day / 96)

    return change, rises_h


def _disk(chance: Random) -> tuple[Change, float]:
    """A disk fills up to the log's hard stop."""
    full_h = chance.uniform(24, 120)

    def change(world: World, hours: float) -> None:
        world.hosts["node3"].free_bytes = max(60 * GB * (1 - hours / full_h), 0)

    return change, full_h


FAULTS = (
    Fault("a second node after the first", frozenset({Check.SPARE_NODES}), _second_node),
    Fault("clock drift", frozenset({Check.CLOCK_DRIFT, Check.CLOCK_OFFSET}), _drift),
    Fault("packet loss that rises", frozenset({Check.LINK_LOSS}), _loss),
    Fault("round trips that rise", frozenset({Check.LINK_LATENCY, Check.ELECTION_TIMEOUTS}), _latency),
    Fault("elections that rise", frozenset({Check.ELECTIONS}), _elections),
    Fault("disk filling up", frozenset({Check.DISK}), _disk),
)
