"""Look for twins of a case: other worlds of this model, with other truths, that give the same document.

Where no cause is true in all of them, the document does not hold its truth, and to leave it open is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations, permutations, product
from random import Random
from typing import Literal

from lab.second_model.generate import Case
from lab.second_model.logs import WARNINGS
from lab.second_model.readings import Document, read
from lab.second_model.signature import agrees, is_read
from lab.second_model.world import World, churns, electable, failed, sound

DRAWS = 6
"""How often a twin is read: who stands, and whether anybody does, is chance."""

Change = Callable[[World], None]
Level = Literal["error", "warn", "debug"]
OF_NODES: dict[str, tuple[dict[str, object], ...]] = {
    "quorum_loss": ({"process": "stopped", "since_s": 90.0}, {"process": "replaying", "since_s": 90.0}),
    "process_hung": ({"process": "hung", "since_s": 30.0}, {"process": "hung", "since_s": 1500.0}),
    "crash_loop": ({"process": "crashing"},),
    "host_down": ({"process": "off", "agent": False},),
    "tls_failure": ({"accepted": False},),
    "version_mismatch": ({"version": 2},),
    "duplicate_id": ({"own_id": False},),
    "too_many_files": ({"has_files": False},),
    "names_unresolved": ({"resolves": False},),
    "storage_full": ({"free_bytes": 0}, {"errno": 28}, {"errno": 28, "free_inodes": 0}),
    "slow_disk": ({"stalled_percent": 70.0},),
}
"""What may be wrong with some of the nodes."""


def has_twin(case: Case) -> bool:
    """Return whether no cause is true in all the worlds that are found to give this document.

    What is tried is one fault in place of the case's causes, beside what else is there; that nothing is found
    does not mean that there is nothing.
    """
    common = case.causes
    for causes, change in _faults(case):
        if (common and common <= causes) or not _gives(case, causes, change):
            continue
        common &= causes
        if not common:
            return True
    return False


def _gives(case: Case, causes: frozenset[str], change: Change) -> bool:
    world = _twin_world(case)
    change(world)
    world.frozen = world.frozen or not causes
    if bool(electable(world)) and not churns(world) and not world.frozen:
        return False  # it would have a leader, whatever is wrong with it
    if not _looks_alike(case, world):
        return False
    draws = (Random(f"twin-{number}") for number in range(DRAWS))  # noqa: S311
    lies = case.family == "lying"
    return any(agrees(case.evidence, read(world, draw, led=False), lies=lies) for draw in draws)


def _level(case: Case) -> Level:
    """Return the level at which logs hold what these do."""
    logs = [node["log"]["value"] for node in case.evidence["nodes"] if is_read(node, "log")]
    seen = {event for log in logs for event, count in log["counts"].items() if count}
    return "debug" if "election_started" in seen else "warn" if seen & WARNINGS else "error"


def _twin_world(case: Case) -> World:
    """Return a sound world that is read as the case's was: its figures, its lists, what its clocks follow."""
    known, names = case.world, case.world.names
    world = sound(names)
    world.log_level, world.old_lines, world.probe_lines = _level(case), known.old_lines, known.probe_lines
    for fault in case.faults:
        if fault.cause not in case.causes:
            fault.inject(world)
    world.timeouts_ms, world.heartbeat_ms = known.timeouts_ms, known.heartbeat_ms
    for name, member in known.members.items():
        there = world.members[name]
        there.chrony, there.agent, there.manager = member.chrony, member.agent, member.manager
        there.peer_form, there.starved = member.peer_form, member.starved
    for pair, link in known.links.items():
        world.links[pair].rtt_ms = link.rtt_ms
    return world


def _looks_alike(case: Case, world: World) -> bool:
    """Return whether gossip holds what the document says, but for one liar, before all else is compared."""
    pages = {
        node["node"]: node["metrics_again"]["value"] or node["metrics"]["value"]
        for node in case.evidence["nodes"]
    }
    odd = [name for name, page in pages.items() if page and page["gossip_failed"] != failed(world, name)]
    return len(odd) <= (case.family == "lying")


def _faults(case: Case) -> Iterator[tuple[frozenset[str], Change]]:
    """Yield what may be wrong instead: nothing, one fault alone, or one beside processes that are away."""
    away = _away(case)
    singles = list(chain(_of_nodes(case), _of_links(case), _of_clocks(case)))
    yield frozenset(), lambda world: None
    for cause, change in singles:
        yield frozenset({cause}), change
    if away[0]:
        yield away
        for cause, change in singles:
            yield away[0] | {cause}, _both(away[1], change)


def _away(case: Case) -> tuple[frozenset[str], Change]:
    """Return what the case's world has of processes that do not run, which a document mostly shows."""
    gone = {name: member for name, member in case.world.members.items() if member.process != "running"}
    named = {"stopped": "quorum_loss", "replaying": "quorum_loss", "hung": "process_hung", "off": "host_down"}
    causes = frozenset(named.get(member.process, "crash_loop") for member in gone.values())

    def change(world: World) -> None:
        for name, member in gone.items():
            there = world.members[name]
            there.process, there.since_s, there.agent = member.process, member.since_s, member.agent

    return causes, change


def _both(one: Change, other: Change) -> Change:
    def change(world: World) -> None:
        other(world)
        one(world)

    return change


def _subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))


def _of_nodes(case: Case) -> Iterator[tuple[str, Change]]:
    nodes = {node["node"]: node for node in case.evidence["nodes"]}
    for chosen in _subsets(case.world.names):
        for cause, kinds in OF_NODES.items():
            belied = sum(_belies(nodes[name], cause) for name in chosen)
            if belied <= (case.family == "lying" and len(case.world.names) < 7):
                yield from ((cause, _put(chosen, values)) for values in kinds)


def _belies(node: Document, cause: str) -> bool:
    """Return whether a node's readings speak against a fault of it, so that it need not be tried."""
    log, connects = node["log"]["value"], node["connects"]["value"]
    match cause:
        case "quorum_loss" | "process_hung" | "crash_loop" | "host_down":
            return is_read(node, "metrics") or is_read(node, "metrics_again")
        case "too_many_files":
            return log is not None and not log["counts"].get("accept_error")
        case "storage_full":
            return log is not None and not log["counts"].get("wal_failed")
        case "slow_disk":
            return is_read(node, "disk") and bool(node["disk"]["value"]["io_stalled_percent"] < 50)
        case "names_unresolved":
            return connects is not None and any(each["result"] != "dns" for each in connects)
        case _:
            return False


def _put(chosen: tuple[str, ...], values: dict[str, object]) -> Change:
    def change(world: World) -> None:
        for name in chosen:
            for key, value in values.items():
                setattr(world.members[name], key, value)

    return change


def _of_links(case: Case) -> Iterator[tuple[str, Change]]:
    names = case.world.names
    pairs = tuple(permutations(names, 2))
    open_ = {
        (node["node"], each["peer"])
        for node in case.evidence["nodes"]
        for each in node["connects"]["value"] or ()
        if each["result"] == "open" and case.family != "lying"
    }
    yield "gossip_blocked", _cut(pairs, raft=None, gossip="timeout")
    for blocks in product(range(3), repeat=len(names) - 1):
        block = dict(zip(names, (0, *blocks), strict=True))
        cut = tuple(pair for pair in pairs if block[pair[0]] != block[pair[1]])
        for how in ("timeout", "refused") if cut and not open_ & set(cut) else ():
            yield "network_partition", _cut(cut, raft=how, gossip=how)


def _cut(pairs: tuple[tuple[str, str], ...], raft: str | None, gossip: str) -> Change:
    def change(world: World) -> None:
        for pair in pairs:
            link = world.links[pair]
            link.raft, link.gossip = raft or link.raft, gossip

    return change


def _of_clocks(case: Case) -> Iterator[tuple[str, Change]]:
    """Yield clocks that are apart where nothing was read of them that says so."""
    nodes = {node["node"]: node for node in case.evidence["nodes"]}
    hidden = [name for name in nodes if not is_read(nodes[name], "clock") or _follows_nothing(nodes[name])]
    for chosen in _subsets(tuple(hidden)):
        offsets = {name: 2_000.0 * (number + 1) for number, name in enumerate(chosen)}

        def change(world: World, offsets: dict[str, float] = offsets) -> None:
            for name, offset_ms in offsets.items():
                world.members[name].offset_ms = offset_ms

        yield "clock_skew", change


def _follows_nothing(node: Document) -> bool:
    clock = node["clock"]["value"]
    return not clock["synchronised"] or clock["source"].startswith("7F7F")
