"""Faults of the second model: each changes a world, and says what it is called and what mends it."""

from __future__ import annotations

from random import Random

from lab.second_model.fault import Fault, pick, put
from lab.second_model.rarer_faults import RARER
from lab.second_model.world import World

AGENTS_STEP_MS = 1_000_000.0
"""What an agent steps at most, as it is shipped (`max_step_s`)."""


def stopped(draw: Random, names: tuple[str, ...]) -> Fault:
    """Stop processes, as a signal does."""
    chosen = pick(draw, names)
    wanted = frozenset(("start_service", name) for name in chosen)
    return Fault("quorum_loss", f"stopped: {chosen}", put(chosen, process="stopped", since_s=90.0), wanted)


def replaying(draw: Random, names: tuple[str, ...]) -> Fault:
    """Restart processes that replay their log and listen nowhere yet."""
    chosen = pick(draw, names)
    age_s = draw.uniform(20, 900)
    return Fault("quorum_loss", f"replaying: {chosen}", put(chosen, process="replaying", since_s=age_s))


def hung(draw: Random, names: tuple[str, ...]) -> Fault:
    """Hang processes, some for so long that their accept queue is full."""
    chosen = pick(draw, names)
    age_s = draw.choice((30.0, 1500.0))
    manager = draw.random() < 0.7
    inject = put(chosen, process="hung", since_s=age_s, manager=manager)
    return Fault("process_hung", f"hung for {age_s:.0f} s: {chosen}", inject)


def crashing(draw: Random, names: tuple[str, ...]) -> Fault:
    """Let processes crash and be restarted again and again."""
    chosen = pick(draw, names)
    return Fault("crash_loop", f"crashing: {chosen}", put(chosen, process="crashing"))


def full_disk(draw: Random, names: tuple[str, ...]) -> Fault:
    """Leave disks without room, inodes or quota, or read-only."""
    chosen = pick(draw, names)
    errno, told = draw.choice((None, 28, 30, 122)), draw.random() < 0.7
    match errno:
        case None:
            inject = put(chosen, free_bytes=draw.randint(0, 90_000_000))
        case 28 if told:
            inject = put(chosen, errno=28, free_inodes=0)
        case 30 if told:
            inject = put(chosen, errno=30, read_only=True)
        case _:
            inject = put(chosen, errno=errno)
    return Fault("storage_full", f"cannot write ({errno}): {chosen}", inject)


def skewed(draw: Random, names: tuple[str, ...]) -> Fault:
    """Set the clocks apart, sometimes by more than an agent steps."""
    offsets = {
        name: number * draw.uniform(700, 2500) for number, name in enumerate(draw.sample(names, len(names)))
    }
    if draw.random() < 0.1:
        offsets = {name: offset_ms * 800 for name, offset_ms in offsets.items()}

    def inject(world: World) -> None:
        for name, offset_ms in offsets.items():
            world.members[name].offset_ms = offset_ms

    beyond = tuple(name for name, offset_ms in offsets.items() if 500 < offset_ms <= AGENTS_STEP_MS)
    return Fault(
        "clock_skew", f"clocks: {offsets}", inject, frozenset(("clock_sync", name) for name in beyond)
    )


def expired(draw: Random, names: tuple[str, ...]) -> Fault:
    """Give nodes certificates that no peer accepts."""
    chosen = pick(draw, names)
    return Fault("tls_failure", f"certificates of {chosen}", put(chosen, accepted=False))


def other_version(draw: Random, names: tuple[str, ...]) -> Fault:
    """Let nodes speak another protocol version."""
    chosen = pick(draw, names)
    return Fault("version_mismatch", f"version 2: {chosen}", put(chosen, version=2))


def out_of_files(draw: Random, names: tuple[str, ...]) -> Fault:
    """Use up the open files of processes."""
    chosen = pick(draw, names)
    return Fault("too_many_files", f"no open files left: {chosen}", put(chosen, has_files=False))


def wrong_ports(draw: Random, names: tuple[str, ...]) -> Fault:
    """Give peers a wrong port in some lists."""
    chosen = tuple(sorted(draw.sample(names, draw.randint(1, len(names) // 2))))
    return Fault("peer_list_wrong", f"wrong port in the lists of {chosen}", put(chosen, wrong_port=True))


def cut(draw: Random, names: tuple[str, ...]) -> Fault:
    """Cut the network into up to three blocks, or take its names away."""
    block = {name: draw.randint(0, 2) for name in names}
    how, dns = draw.choice(("timeout", "timeout", "refused")), draw.random() < 0.15

    def inject(world: World) -> None:
        for one, other in world.links:
            if block[one] != block[other]:
                world.links[one, other].raft = world.links[one, other].gossip = "dns" if dns else how

    return Fault("names_unresolved" if dns else "network_partition", f"{how}: {block}", inject)


def gossip_cut(draw: Random, names: tuple[str, ...]) -> Fault:
    """Cut the gossip port everywhere."""
    del draw

    def inject(world: World) -> None:
        for link in world.links.values():
            link.gossip = "timeout"

    return Fault("gossip_blocked", f"gossip cut between {names}", inject)


def far_apart(draw: Random, names: tuple[str, ...]) -> Fault:
    """Put the round trip near or above the election timeout, set or left at its default."""
    rtt_ms = draw.uniform(80, 260)

    def inject(world: World) -> None:
        world.timeouts_ms = None if draw.random() < 0.5 else (150, 300)
        for link in world.links.values():
            link.rtt_ms = rtt_ms

    wanted = {(kind, name) for name in names for kind in ("set_election_timeouts", "restart_service")}
    return Fault("aggressive_timeouts", f"round trip {rtt_ms:.0f} ms", inject, frozenset(wanted))


def slow_heartbeat(draw: Random, names: tuple[str, ...]) -> Fault:
    """Set a heartbeat that is slower than the election timeout."""
    heartbeat_ms = draw.randint(150, 400)

    def inject(world: World) -> None:
        world.heartbeat_ms = heartbeat_ms

    wanted = {(kind, name) for name in names for kind in ("set_election_timeouts", "restart_service")}
    return Fault("aggressive_timeouts", f"heartbeat {heartbeat_ms} ms", inject, frozenset(wanted))


def lossy(draw: Random, names: tuple[str, ...]) -> Fault:
    """Lose packets on every link."""
    del names
    loss = draw.uniform(0.25, 0.5)

    def inject(world: World) -> None:
        for link in world.links.values():
            link.loss = loss

    return Fault("packet_loss", f"{loss:.0%} of packets lost", inject)


FAULTS = (
    stopped,
    stopped,
    replaying,
    hung,
    crashing,
    full_disk,
    skewed,
    expired,
    other_version,
    out_of_files,
    wrong_ports,
    cut,
    gossip_cut,
    far_apart,
    slow_heartbeat,
    lossy,
    *RARER,
)
