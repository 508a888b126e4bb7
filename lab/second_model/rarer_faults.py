"""Rarer faults of the second model: ids, names, half lists, one-way rules, dead hosts, starved agents."""

from __future__ import annotations

from random import Random

from lab.second_model.fault import Fault, pick, put
from lab.second_model.world import Chrony, World


def same_id(draw: Random, names: tuple[str, ...]) -> Fault:
    """Give nodes the id of another: whoever dials them meets another id than it expects, and hangs up."""
    chosen = tuple(sorted(draw.sample(names, draw.randint(1, len(names) // 2))))
    return Fault("duplicate_id", f"the id of another: {chosen}", put(chosen, own_id=False))


def no_names(draw: Random, names: tuple[str, ...]) -> Fault:
    """Take the resolver of nodes away: they find nobody, and who finds them gets no answer to its votes."""
    chosen = pick(draw, names)
    return Fault("names_unresolved", f"no resolver: {chosen}", put(chosen, resolves=False))


def half_lists(draw: Random, names: tuple[str, ...]) -> Fault:
    """Leave one member out of the lists of a few nodes."""
    left_out = draw.choice(names)
    others = [name for name in names if name != left_out]
    chosen = tuple(sorted(draw.sample(others, draw.randint(1, max(1, len(names) // 2 - 1)))))
    inject = put(chosen, lacks=frozenset({left_out}))
    return Fault("peer_list_wrong", f"{left_out} is not in the lists of {chosen}", inject)


def one_way(draw: Random, names: tuple[str, ...]) -> Fault:
    """Drop by port what some nodes send to others; answers come through."""
    pairs = _pairs(names)
    cut = {pair for pair in pairs if draw.random() < 0.4} or {pairs[0]}

    def inject(world: World) -> None:
        for pair in sorted(cut):
            link = world.links[pair]
            link.raft, link.gossip, link.by_port = "timeout", "timeout", True

    return Fault("asymmetric_partition", f"one way: {sorted(cut)}", inject)


def _pairs(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(one, other) for number, one in enumerate(names) for other in names[number + 1 :]]


def dead_hosts(draw: Random, names: tuple[str, ...]) -> Fault:
    """Take the power of hosts away: nothing there answers anybody."""
    chosen = pick(draw, names)
    return Fault("host_down", f"hosts off: {chosen}", put(chosen, process="off", agent=False))


def stalled_disks(draw: Random, names: tuple[str, ...]) -> Fault:
    """Let disks stall for most of the time."""
    chosen = pick(draw, names)
    return Fault("slow_disk", f"disks stall: {chosen}", put(chosen, stalled_percent=draw.uniform(55, 95)))


def behind(draw: Random, names: tuple[str, ...]) -> Fault:
    """Leave the logs of a few nodes behind: they cannot win, and keep nobody else from it."""
    chosen = tuple(sorted(draw.sample(names, draw.randint(1, (len(names) - 1) // 2))))
    return Fault("stale_log", f"logs behind: {chosen}", put(chosen, log_index=draw.randint(100, 870)))


def unknown_time(draw: Random, names: tuple[str, ...]) -> Fault:
    """Set clocks apart on hosts whose chrony follows nothing, so that nobody there knows it."""
    offsets = {name: number * draw.uniform(900, 2500) for number, name in enumerate(names)}
    chrony: Chrony = draw.choice(("no_source", "no_source", "local"))

    def inject(world: World) -> None:
        for name, offset_ms in offsets.items():
            world.members[name].offset_ms, world.members[name].chrony = offset_ms, chrony

    return Fault("clock_skew", f"clocks apart, chrony {chrony}: {names}", inject)


def too_large(draw: Random, names: tuple[str, ...]) -> Fault:
    """Lower the MTU on the way: votes and heartbeats are small and pass, appended entries do not."""
    del draw

    def inject(world: World) -> None:
        world.stuck = True

    return Fault("mtu", f"large packets are lost between {names}", inject)


def starved(draw: Random, names: tuple[str, ...]) -> Fault:
    """Starve the agents of CPU: some of their connects time out, and all of them come late."""
    chosen = pick(draw, names)
    return Fault("starved", f"starved agents: {chosen}", put(chosen, starved=draw.uniform(0.05, 0.3)))


RARER = (
    same_id,
    no_names,
    half_lists,
    one_way,
    dead_hosts,
    stalled_disks,
    behind,
    unknown_time,
    too_large,
    starved,
)
