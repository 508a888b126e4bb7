"""Cases of one leader and of two, and what a reading of each says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.case import Case
from lab.second_model.losses import lose

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLE_GAP_S = 1.5
READINGS_LOST = 0.5
Document = dict[str, Any]


@dataclass
class Side:
    """Nodes that follow one leader.

    Args:
        leader: The node that leads them; it is one of `nodes`.
        nodes: All of them.
        term: The term that they are in.
        index: What they have committed.
        per_sample: What they commit between two samples.
    """

    leader: str
    nodes: tuple[str, ...]
    term: int
    index: int
    per_sample: int


@dataclass
class Scene:
    """A cluster: who follows whom, which links are cut, and whose page lies."""

    draw: random.Random
    names: tuple[str, ...]
    sides: list[Side]
    cut: frozenset[str] = frozenset()
    """Nodes that nothing passes to or from."""

    passing: bool = False
    """Whether the first sample was taken before the newer side's leader was elected."""

    liar: str | None = None
    logs: set[str] = field(default_factory=set)
    """Nodes whose log says that they became leader."""

    @property
    def newest(self) -> Side:
        """Return the side of the newest term."""
        return max(self.sides, key=lambda side: side.term)


Play = Callable[[Scene], tuple[frozenset[str], str | None]]


def generate(seed: int, each: int = 40) -> Iterator[Case]:
    """Yield so many cases of each kind."""
    draw = random.Random(seed)  # noqa: S311 - a model, not a secret
    for number in range(each):
        for kind, play in KINDS.items():
            scene = _scene(draw)
            causes, restart = play(scene)
            read = _document(scene)
            blurred = draw.random() < READINGS_LOST
            story = lose(draw, read) if blurred else ""
            name = f"{number}-{kind} {story}".strip()
            yield Case(name, "readings_lost" if blurred else "as_read", read, causes, restart)


def _scene(draw: random.Random) -> Scene:
    names = tuple(f"node{number}" for number in range(1, draw.choice((3, 3, 5, 5, 7)) + 1))
    leader, index = draw.choice(names), draw.randint(1_000, 900_000)
    # An idle cluster commits nothing; a leader's own entry at the start of its term aside.
    side = Side(leader, names, draw.randint(2, 90), index, draw.choice((0, 3, 40, 900)))
    return Scene(draw, names, [side], logs={leader} if draw.random() < 0.7 else set())


def _old_and_new(scene: Scene) -> Side:
    """Let the leader be left behind in its term, and the others elect another; return the old one's side."""
    side = scene.sides[0]
    others = tuple(name for name in scene.names if name != side.leader)
    new = scene.draw.choice(others)
    later = side.index + scene.draw.randint(1, 5_000)
    old = Side(side.leader, (side.leader,), side.term, side.index, 0)
    scene.sides = [old, Side(new, others, side.term + scene.draw.randint(1, 4), later, side.per_sample)]
    scene.logs.add(new)
    return old


def _one(_: Scene) -> tuple[frozenset[str], str | None]:
    return frozenset({"one_leader"}), None


def _cut_off(scene: Scene) -> tuple[frozenset[str], str | None]:
    scene.cut = frozenset({_old_and_new(scene).leader})
    return frozenset({"stale_leader_cut_off", "stale_leader"}), None


def _stuck(scene: Scene) -> tuple[frozenset[str], str | None]:
    old = _old_and_new(scene)
    return frozenset({"stale_leader_stuck", "stale_leader"}), old.leader


def _parted(scene: Scene, terms_apart: int) -> None:
    """Let the nodes be two clusters, each with a majority of what it takes for the members."""
    side, names = scene.sides[0], scene.names
    half = len(names) // 2 + 1
    first, second = names[:half], names[half:]
    one, other = scene.draw.choice(first), scene.draw.choice(second)
    busy = max(side.per_sample, 3)
    scene.sides = [
        Side(one, first, side.term, side.index, busy),
        Side(other, second, side.term + terms_apart, side.index - scene.draw.randint(0, 400), busy),
    ]
    scene.logs = {one, other}


def _twice(scene: Scene) -> tuple[frozenset[str], str | None]:
    _parted(scene, 0)
    return frozenset({"one_term_twice"}), None


def _both(scene: Scene) -> tuple[frozenset[str], str | None]:
    _parted(scene, scene.draw.choice((-3, -1, 1, 2)))
    return frozenset({"both_sides_commit"}), None


def _passing(scene: Scene) -> tuple[frozenset[str], str | None]:
    old = _old_and_new(scene)
    newest = scene.newest
    # By the second sample the old leader has heard of the new term, and follows.
    newest.nodes, scene.sides = (*newest.nodes, old.leader), [newest]
    scene.passing = True
    return frozenset({"handover", "one_leader"}), None


def _lying(scene: Scene) -> tuple[frozenset[str], str | None]:
    side = scene.sides[0]
    scene.liar = scene.draw.choice([name for name in scene.names if name != side.leader])
    return frozenset(), None


def _stands_in_vain(scene: Scene) -> tuple[frozenset[str], str | None]:
    side = scene.sides[0]
    alone = scene.draw.choice([name for name in scene.names if name != side.leader])
    rest = tuple(name for name in side.nodes if name != alone)
    # Without pre-vote its term rises with each try; nobody hears of it.
    scene.sides = [
        Side(side.leader, rest, side.term, side.index, side.per_sample),
        Side("", (alone,), side.term + scene.draw.randint(1, 60), side.index, 0),
    ]
    scene.cut = frozenset({alone})
    return frozenset({"one_leader"}), None


KINDS: dict[str, Play] = {
    "one": _one,
    "cut off": _cut_off,
    "stuck": _stuck,
    "twice": _twice,
    "both": _both,
    "passing": _passing,
    "stands in vain": _stands_in_vain,
    "a page lies": _lying,
}


def _document(scene: Scene) -> Document:
    nodes = [_node(scene, name) for name in scene.names]
    return {"schema_version": 1, "cluster": "split", "started_at": NOON.isoformat(), "nodes": nodes}


def _read(value: object, by: str, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": 5.0}


def _node(scene: Scene, name: str) -> Document:
    by = f"agent:{name}"
    first, second = _page(scene, name, 0), _page(scene, name, 1)
    peers = [peer for peer in scene.names if peer != name]
    logged = 1 if name in scene.logs else 0
    log = {"path": "/var/log/neumann/tensor_chain.log", "window_s": 60, "bytes_read": 900, "silent_s": 3.0}
    return {
        "node": name,
        "metrics": _read(first, "bot"),
        "metrics_again": _read(second, "bot", SAMPLE_GAP_S),
        "health": _read({"status": "healthy", "role": second["role"], "term": second["term"]}, "bot"),
        "local_metrics": _read(second, by, SAMPLE_GAP_S),
        "clock": _read({"offset_ms": 0.2, "error_ms": 3.0, "synchronised": True, "source": "192.0.2.2"}, by),
        "service": _read({"state": "active", "boot_id": "b", "pid": 7, "running_s": 86_400.0}, by),
        "log": _read({**log, "counts": {"became_leader": logged}, "highest_term": second["term"]}, by),
        "config": _read({"path": "/etc/neumann/config.toml", "sha256": "ab" * 32}, by),
        "disk": _read({"path": "/var/lib/neumann", "free_bytes": 9 * 10**10, "total_bytes": 10**11}, by),
        "connects": _read([_connect(scene, name, peer) for peer in peers], by),
        "pings": _read([_ping(scene, name, peer) for peer in peers], by),
    }


def _page(scene: Scene, name: str, sample: int) -> Document:
    side = next(side for side in scene.sides if name in side.nodes)
    leads, term = name == side.leader, side.term
    if scene.passing and sample == 0:
        leads, term = name != side.leader and name == side.nodes[-1], side.term - 1
    if name == scene.liar:
        leads = True
    index = side.index + sample * side.per_sample
    return {
        "role": "leader" if leads else "follower",
        "term": term,
        "commit_index": index,
        "applied_index": index,
        "elections_total": 4,
    }


def _connect(scene: Scene, name: str, peer: str) -> Document:
    result = "timeout" if {name, peer} & scene.cut else "open"
    return {"peer": peer, "port": "raft", "result": result, "latency_ms": None}


def _ping(scene: Scene, name: str, peer: str) -> Document:
    return {"peer": peer, "sent": 100, "received": 0 if {name, peer} & scene.cut else 100}
