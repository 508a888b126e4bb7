"""Months of readings of a three-node cluster, written from what hosts and networks do, not from the rules.

A quiet month has clocks that waver, evening traffic, lost pings, a failover now and then, snapshots that come
and go, and a rolling restart a week. A fault is laid over the end of one, and says when the cluster fails of
it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from runbooks.evidence import (
    Clock,
    Config,
    Connect,
    Disk,
    Evidence,
    Health,
    Log,
    Metrics,
    NodeEvidence,
    Ping,
    Reading,
    Role,
    Service,
)
from runbooks.missing_kind import MissingKind

NAMES = ("node1", "node2", "node3")
BEGINS = datetime(2026, 9, 1, tzinfo=UTC)
EVERY = timedelta(minutes=15)
PINGS = 20
GB = 1_000_000_000


@dataclass
class Host:
    """One node's state; what a fault changes is changed here. `rtt_ms` and `loss` are of its own links."""

    offset_ms: float = 0.0
    free_bytes: float = 80 * GB
    elections: int = 3
    restarts: int = 0
    is_down: bool = False
    rtt_ms: float = 1.0
    loss: float = 0.0


@dataclass
class World:
    """The cluster at one moment."""

    at: datetime
    chance: random.Random
    hosts: dict[str, Host] = field(default_factory=lambda: {name: Host() for name in NAMES})
    commit_index: int = 1000


Change = Callable[[World, float], None]
"""A fault: changes the world, `hours` after it has begun."""


def month(
    seed: int, days: float, fault: Change | None = None, fault_after_h: float = 0.0
) -> Iterator[Evidence]:
    """Yield a reading every quarter of an hour."""
    chance = random.Random(seed)
    world = World(BEGINS, chance)
    weather = _Weather(chance)
    while world.at < BEGINS + timedelta(days=days):
        weather.pass_over(world)
        hours = (world.at - BEGINS) / timedelta(hours=1) - fault_after_h
        if fault and hours >= 0:
            fault(world, hours)
        yield _read(world)
        world.at += EVERY


@dataclass
class _Weather:
    """What happens in any month."""

    chance: random.Random
    congested_until: datetime = BEGINS
    quirk_ms: dict[str, float] = field(default_factory=lambda: dict.fromkeys(NAMES, 0.0))

    def pass_over(self, world: World) -> None:
        chance, hour = self.chance, world.at.hour + world.at.minute / 60
        evening = max(0.0, math.sin((hour - 12) / 12 * math.pi))
        if chance.random() < 1 / 400:  # a backup fills the links for an hour or two, about once in four days
            self.congested_until = world.at + timedelta(hours=chance.uniform(0.5, 2))
        congested = world.at < self.congested_until
        if chance.random() < 1 / 700:  # a host is moved, and its clock is put right over the next hours
            self.quirk_ms[chance.choice(NAMES)] = chance.gauss(0, 60)
        for name, host in world.hosts.items():
            self.quirk_ms[name] *= 0.8
            host.offset_ms = self.quirk_ms[name] + chance.gauss(0, 2)
            host.rtt_ms = 1.0 + 0.5 * evening + abs(chance.gauss(0, 0.2)) + (4.0 if congested else 0.0)
            host.loss = 0.02 if congested else 0.0005
            host.free_bytes += chance.gauss(0, 0.2 * GB) - 0.005 * GB
            host.free_bytes = min(max(host.free_bytes, 40 * GB), 90 * GB)
            host.is_down = False
        if world.at.hour % 6 == 0 and world.at.minute == 0:  # a snapshot is written, and an older one dropped
            world.hosts[NAMES[0]].free_bytes += (-5 if world.at.hour % 12 == 0 else 5) * GB
        if chance.random() < 1 / 200:  # a failover without a reason that anybody finds, once in two days
            world.hosts[chance.choice(NAMES)].elections += chance.choice((1, 1, 2))
        self._roll(world)
        world.commit_index += 100

    def _roll(self, world: World) -> None:
        """Restart the nodes one after the other on Wednesday mornings; a reading may fall into it."""
        if world.at.weekday() == 2 and world.at.hour == 9 and world.at.minute < 45:
            host = world.hosts[NAMES[world.at.minute // 15]]
            host.is_down = self.chance.random() < 0.2
            host.elections = self.chance.choice((0, 1))  # a new process counts from zero
            host.restarts += 0 if self.chance.random() < 0.9 else 1


def _read(world: World) -> Evidence:
    running = [name for name, host in world.hosts.items() if not host.is_down]
    leader = running[0] if len(running) > 1 else ""
    nodes = tuple(_node(world, name, leader) for name in NAMES)
    return Evidence(cluster="demo", started_at=world.at, nodes=nodes)


def _node(world: World, name: str, leader: str) -> NodeEvidence:
    host, peers = world.hosts[name], [peer for peer in NAMES if peer != name]
    role = Role.LEADER if name == leader else Role.FOLLOWER
    metrics = Metrics(
        role=role,
        term=7,
        commit_index=world.commit_index,
        applied_index=world.commit_index,
        elections_total=host.elections,
    )
    page = _missing(world) if host.is_down else _known(world, metrics)
    health = _missing(world) if host.is_down else _known(world, Health(status="healthy", role=role, term=7))
    state = Service(state="failed" if host.is_down else "active", pid=1, restarts=host.restarts)
    return NodeEvidence(
        node=name,
        metrics=page,
        metrics_again=page,
        local_metrics=page,
        health=health,
        clock=_known(
            world,
            Clock(
                offset_ms=host.offset_ms,
                error_ms=2,
                synchronised=True,
                source=f"{name[-1]}.pool.ntp",
                ntp_service_active=True,
            ),
        ),
        service=_known(world, state),
        log=_known(world, Log(path="/l", window_s=60, bytes_read=0, counts={})),
        config=_known(world, _CONFIG),
        disk=_known(world, Disk(path="/d", free_bytes=int(host.free_bytes), total_bytes=100 * GB)),
        connects=_known(world, tuple(_connect(world, peer) for peer in peers)),
        pings=_known(world, tuple(_ping(world, host, world.hosts[peer], peer) for peer in peers)),
    )


_CONFIG = Config(
    path="/c",
    sha256="ab" * 32,
    election_timeout_min_ms=150,
    election_timeout_max_ms=300,
    heartbeat_interval_ms=50,
)


def _connect(world: World, peer: str) -> Connect:
    return Connect(peer=peer, port="raft", result="refused" if world.hosts[peer].is_down else "open")


def _ping(world: World, host: Host, other: Host, peer: str) -> Ping:
    loss = 1 - (1 - host.loss) * (1 - other.loss)
    received = sum(world.chance.random() >= loss for _ in range(PINGS))
    rtt_ms = (host.rtt_ms + other.rtt_ms) / 2
    return Ping(
        peer=peer,
        sent=PINGS,
        received=received,
        rtt_min_ms=rtt_ms,
        rtt_avg_ms=rtt_ms if received else None,
        rtt_max_ms=rtt_ms,
    )


def _known(world: World, value: Any) -> Any:
    return Reading[Any](value=value, by="bot", at=world.at)


def _missing(world: World) -> Any:
    return Reading[Any](missing="connection refused", kind=MissingKind.REFUSED, by="bot", at=world.at)
