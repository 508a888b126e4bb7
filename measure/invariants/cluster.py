"""The truth about a made-up cluster: what is up, linked, set and leading, whatever the bot believes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from measure.invariants.clock import Clock
from runbooks.evidence import Config, ConfigLine, Evidence, Metrics, NodeEvidence, Role, Service
from tests.builders import dead, known, missing, node, silent

RESTART_S = 3.0
"""How long a node is away when its service is restarted."""

NARROW_MS = (150, 300)
SLOW_ROUND_TRIP_MS = 400.0


@dataclass
class Node:
    """One host with its process and its agent. `away_until_s` is the end of a restart that the bot made."""

    name: str
    host_up: bool = True
    active: bool = True
    pid: int = 100
    boot: int = 1
    away_until_s: float = -1.0
    file: tuple[int, int, str] = (*NARROW_MS, "")
    in_force: tuple[int, int] = NARROW_MS
    offset_ms: float = 0.0
    agent_answers: bool = True

    @property
    def boot_id(self) -> str:
        """This boot's id."""
        return f"{self.name}-boot-{self.boot}"

    @property
    def sha256(self) -> str:
        """Of the configuration file as it is."""
        return sha256_of(self.file)

    def start(self) -> None:
        """Start a new process, with the file as it is now."""
        self.active, self.pid, self.in_force = True, self.pid + 1, self.file[:2]

    def boot_again(self) -> None:
        """Boot the host again; the service does not run then."""
        self.host_up, self.active, self.boot, self.away_until_s = True, False, self.boot + 1, -1.0


def sha256_of(file: tuple[int, int, str]) -> str:
    """Return the hash of a configuration file with this content."""
    return hashlib.sha256(repr(file).encode()).hexdigest()


class Cluster:
    """`n` nodes. `unlucky_until_s` keeps elections from succeeding for a while."""

    def __init__(self, clock: Clock, names: tuple[str, ...]) -> None:
        self.clock = clock
        self.nodes = {name: Node(name) for name in names}
        self.cuts: set[tuple[str, str]] = set()
        self.round_trip_ms = 1.0
        self.leader: str | None = None
        self.term = 7
        self.commits = 100
        self.unlucky_until_s = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Return every configured member."""
        return tuple(self.nodes)

    def runs(self, name: str, *, restarting: bool = False) -> bool:
        """Return whether a process serves now; with `restarting`, as if no restart of ours were under way."""
        one = self.nodes[name]
        return one.host_up and one.active and (restarting or self.clock.s >= one.away_until_s)

    def linked(self, one: str, other: str) -> bool:
        """Return whether two nodes reach each other both ways."""
        return not {(one, other), (other, one)} & self.cuts

    def majority_without(self, out: str | None, *, restarting: bool = False) -> bool:
        """Return whether one of the running others reaches a majority both ways, by trying every set.

        With `restarting`, nodes count as running that are away only because the bot restarts them.
        """
        up = [name for name in self.names if name != out and self.runs(name, restarting=restarting)]
        return any(self._is_led(group) for group in combinations(up, len(self.names) // 2 + 1))

    def _is_led(self, group: tuple[str, ...]) -> bool:
        return any(all(one == other or self.linked(one, other) for other in group) for one in group)

    def settle(self) -> None:
        """Play Raft's part: a leader without a majority ends, and one is elected where that can be."""
        if self.leader and not self._can_lead(self.leader):
            self.leader = None
        if self.leader is None and self.clock.s >= self.unlucky_until_s:
            self.leader = next((name for name in self.names if self._can_lead(name)), None)
            self.term += self.leader is not None

    def _can_lead(self, name: str) -> bool:
        voters = [other for other in self.names if self.runs(other) and self._hears(name, other)]
        return name in voters and len(voters) > len(self.names) // 2

    def _hears(self, one: str, other: str) -> bool:
        wide = all(5 * self.round_trip_ms <= self.nodes[name].in_force[0] for name in (one, other))
        right = all(abs(self.nodes[name].offset_ms) < 500 for name in (one, other))
        return self.linked(one, other) and wide and right

    def sample_metrics(self) -> Mapping[str, Metrics | None]:
        """Return one metrics sample of each node."""
        self.settle()
        self.commits += self.leader is not None
        return {name: self._sample(name) if self.runs(name) else None for name in self.names}

    def _sample(self, name: str) -> Metrics:
        hears = self.leader is not None and (name == self.leader or self._hears(self.leader, name))
        role = Role.CANDIDATE if not hears else Role.LEADER if name == self.leader else Role.FOLLOWER
        term = self.term if hears or self.leader is None else self.term - 1
        return Metrics(role=role, term=term, commit_index=self.commits)

    def read(self) -> Evidence:
        """Return everything that an honest reading shows now."""
        samples, now = self.sample_metrics(), self.clock.now()
        nodes = tuple(self._read(one, samples[one.name], now) for one in self.nodes.values())
        return Evidence(cluster="demo", started_at=now, nodes=nodes)

    def _read(self, one: Node, sample: Metrics | None, now: datetime) -> NodeEvidence:
        if not one.host_up:
            return silent(one.name)
        cuts = {**dict(self._closed(one.name)), **dict.fromkeys(self.cuts, "timeout")}
        if sample is None:
            read = dead(one.name, names=self.names, cuts=cuts, rtt_ms=self.round_trip_ms)
        else:
            leaderless = sample.role is Role.CANDIDATE
            read = node(
                one.name,
                names=self.names,
                role=sample.role or Role.FOLLOWER,
                term=sample.term or 0,
                commit_index=sample.commit_index or 0,
                commits=0 if leaderless else 5,
                elections=(10, 12) if leaderless else (3, 3),
                gossip_failed=len(self.names) - 1 if self._skewed() else 0,
                cuts=cuts,
                rtt_ms=self.round_trip_ms,
                offset_ms=one.offset_ms,
            )
        readings = _agents_part(one, active=sample is not None)
        if not one.agent_answers:
            kinds = ("clock", "service", "log", "config", "disk", "local_metrics", "connects", "pings")
            readings = {kind: missing("the agent gave no answer", by=f"agent:{one.name}") for kind in kinds}
        return NodeEvidence.model_validate(dict(read) | readings)

    def _skewed(self) -> bool:
        return any(abs(one.offset_ms) >= 500 for one in self.nodes.values())

    def _closed(self, observer: str) -> Iterator[tuple[tuple[str, str], str]]:
        for name, peer in self.nodes.items():
            if name != observer and not self.runs(name):
                yield (observer, name), "refused" if peer.host_up else "timeout"


def _agents_part(one: Node, *, active: bool) -> dict[str, object]:
    low, high, _ = one.file
    by = f"agent:{one.name}"
    lines = tuple(
        ConfigLine(number=number, text=f"election_timeout_{which}_ms = {value}")
        for number, (which, value) in enumerate((("min", low), ("max", high)), start=9)
    )
    config = Config(
        path="/etc/neumann/config.toml",
        sha256=one.sha256,
        election_timeout_min_ms=low,
        election_timeout_max_ms=high,
        heartbeat_interval_ms=50,
        election_lines=lines,
    )
    service = Service(
        state="active" if active else "failed", boot_id=one.boot_id, pid=one.pid if active else None
    )
    return {"config": known(config, by=by), "service": known(service, by=by)}
