"""A cluster as it is, before anybody reads it: nodes, the links between them, the paths of the bot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Literal

Process = Literal["running", "stopped", "failed", "crashing", "hung", "frozen"]
Port = Literal["raft", "gossip", "ping"]
Mode = Literal["open", "drop", "reject", "unreachable"]
LogLevel = Literal["debug", "info", "error"]

PORTS: tuple[Port, ...] = ("raft", "gossip", "ping")
GB = 10**9


@dataclass
class NodeState:
    """One node: its host, its process, its clock, disk and configuration.

    `log_behind` counts the entries its log lacks. `listed` maps the peers it knows to the hosts it believes
    them on. `campaigns` is off where a higher term always comes before its own election timeout. `up` is
    whether a crashing process lives at the first and at the second sample.
    """

    name: str
    listed: dict[str, str]
    process: Process = "running"
    up: tuple[bool, bool] = (True, True)
    host_up: bool = True
    offset_ms: float = 0.0
    clock_error_ms: float = 1.0
    ntp_active: bool = True
    free_bytes: int = 50 * GB
    io_stalled_percent: float = 0.5
    tls_ok: bool = True
    log_behind: int = 0
    campaigns: bool = True
    restarts: int = 0
    result: str = "success"
    timeout_min_ms: int = 150
    timeout_max_ms: int = 300
    metrics_path: Mode = "open"

    @property
    def runs(self) -> bool:
        """Return whether its Raft takes part."""
        return self.host_up and self.process == "running"

    @property
    def listens(self) -> bool:
        """Return whether its kernel accepts connections for it: for a hung process it does."""
        crashing_up = self.process == "crashing" and self.up[0]
        return self.host_up and (crashing_up or self.process in {"running", "hung", "frozen"})


@dataclass
class Link:
    """What happens to connections from one node to one port of another; the delay is a round trip's."""

    mode: Mode = "open"
    loss: float = 0.0
    rtt_ms: float = 0.5
    jitter_ms: float = 0.1


@dataclass
class World:
    """A whole cluster, with what is common to its nodes.

    `tie_break_blocks` is Neumann's geometric tie-break refusing every vote; `stale_leader` still claims to
    lead. `fault_age_s` is how long ago the fault began, `writes` how many
    entries a leader commits between two samples.
    """

    random: Random
    nodes: dict[str, NodeState]
    links: dict[tuple[str, str, Port], Link]
    pre_vote: bool
    log_level: LogLevel
    shows_role: bool
    shows_gossip: bool
    single_timeout: bool
    heartbeat_ms: int | None
    one_hot: bool
    id_form: bool
    fault_age_s: float
    term: int
    commit_index: int
    writes: int
    tie_break_blocks: bool = False
    stale_leader: str | None = None
    recent_elections: int = 0

    @property
    def names(self) -> list[str]:
        """Return the members' names."""
        return list(self.nodes)

    @property
    def quorum(self) -> int:
        """Votes needed: n // 2 + 1 of the configured members (Raft, section 5.2)."""
        return len(self.nodes) // 2 + 1

    @property
    def too_many(self) -> int:
        """Return how many members must be lost before no quorum is left."""
        return len(self.nodes) - self.quorum + 1

    def pick(self, count: int, besides: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Draw some members."""
        return tuple(self.random.sample([name for name in self.names if name not in besides], count))

    def set_mode(self, pairs: set[tuple[str, str]], mode: Mode, ports: tuple[Port, ...]) -> None:
        """Cut ordered pairs on some ports."""
        for one, other in pairs:
            for port in ports:
                self.links[one, other, port].mode = mode


def new_world(random: Random, size: int | None = None) -> World:
    """Draw a sound cluster: steady but for what is done to it afterwards.

    Args:
        random: Where every draw comes from.
        size: How many members; drawn from 3, 5, 4 and 7 where none is given.
    """
    size = size or random.choices((3, 5, 4, 7), (45, 35, 10, 10))[0]
    names = [f"node{number}" for number in range(1, size + 1)]
    nodes = _draw_nodes(random, names)
    links = _draw_links(random, names)
    return World(
        random=random,
        nodes=nodes,
        links=links,
        pre_vote=random.random() < 0.5,
        log_level=random.choices(("debug", "info", "error"), (40, 35, 25))[0],
        shows_role=random.random() < 0.9,
        shows_gossip=random.random() < 0.85,
        single_timeout=random.random() < 0.2,
        heartbeat_ms=random.choice((50, 50, None)),
        one_hot=random.random() < 0.5,
        id_form=random.random() < 0.3,
        fault_age_s=random.uniform(40, 400),
        term=random.randint(4, 60),
        commit_index=random.randint(2_000, 400_000),
        writes=random.choice((0, *range(2, 40))),
    )


def _draw_nodes(random: Random, names: list[str]) -> dict[str, NodeState]:
    minimum_ms, maximum_ms = random.choice(((150, 300), (150, 300), (300, 600), (500, 1000)))
    return {
        name: NodeState(
            name=name,
            listed={peer: peer for peer in names if peer != name},
            offset_ms=random.gauss(0, 6),
            clock_error_ms=math.exp(random.uniform(math.log(0.5), math.log(30))),
            free_bytes=int(random.uniform(12, 400) * GB),
            io_stalled_percent=round(random.uniform(0, 4), 2),
            restarts=random.choice((0, 0, 0, 1)),
            timeout_min_ms=minimum_ms,
            timeout_max_ms=maximum_ms,
        )
        for name in names
    }


def _draw_links(random: Random, names: list[str]) -> dict[tuple[str, str, Port], Link]:
    rtt_ms = math.exp(random.uniform(math.log(0.2), math.log(8)))
    return {
        (*pair, port): Link(rtt_ms=rtt_ms * random.uniform(0.8, 1.3), jitter_ms=rtt_ms / 5)
        for pair in permutations(names, 2)
        for port in PORTS
    }


def across(groups: list[tuple[str, ...]]) -> set[tuple[str, str]]:
    """Return every ordered pair that lies in two different groups."""
    return {
        (one, other)
        for here in groups
        for there in groups
        if here is not there
        for one in here
        for other in there
    }
