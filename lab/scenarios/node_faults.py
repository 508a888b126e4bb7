"""Faults of a node's disk, clock, certificates and configuration."""

from __future__ import annotations

from statistics import median

from lab.scenarios.fault import Fault, buttons
from lab.scenarios.world import World

Names = tuple[str, ...]
MB = 10**6


def storage_full(world: World, names: Names | None = None) -> Fault:
    """Fill the file system of the log of record below what a write needs."""
    chosen = names or world.pick(world.random.randint(world.too_many, len(world.nodes)))
    free = {name: int(world.random.uniform(0.1, 96) * MB) for name in chosen}

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].free_bytes = free[name]

    return Fault("storage_full", f"disk full: {', '.join(sorted(chosen))}", inject)


def slow_disk(world: World) -> Fault:
    """Let the disks of too many nodes stall."""
    chosen = world.pick(world.random.randint(world.too_many, len(world.nodes)))
    stalled = {name: round(world.random.uniform(58, 97), 2) for name in chosen}

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].io_stalled_percent = stalled[name]

    return Fault("slow_disk", f"disk stalls: {', '.join(sorted(chosen))}", inject)


def clock_skew(world: World) -> Fault:
    """Spread the clocks so that no majority, and no one with a majority, agrees within 500 ms."""
    names = world.pick(len(world.nodes))
    step_ms = world.random.uniform(640, 3000)
    near = world.random.randint(0, world.quorum - 1)
    steps = [step for step in range(-len(names), len(names) + 1) if step]
    far = world.random.sample(steps, len(names) - near)
    offsets = {
        name: step_ms * step + world.random.uniform(-55, 55)
        for name, step in zip(names, [0] * near + far, strict=True)
    }
    ntp = world.random.random() < 0.5

    def inject(target: World) -> None:
        for name, offset_ms in offsets.items():
            target.nodes[name].offset_ms = offset_ms
            target.nodes[name].ntp_active = ntp or abs(offset_ms) < 500

    beyond = [name for name, offset_ms in offsets.items() if abs(offset_ms) > 500]
    said = ", ".join(f"{name} {offset_ms:+.0f} ms" for name, offset_ms in sorted(offsets.items()))
    return Fault("clock_skew", f"clocks apart: {said}", inject, buttons("clock_sync", beyond))


def tls_failure(world: World) -> Fault:
    """Let certificates expire on so many nodes that no majority can shake hands."""
    chosen = world.pick(world.random.randint(world.too_many, len(world.nodes)))

    def inject(target: World) -> None:
        for name in chosen:
            target.nodes[name].tls_ok = False

    return Fault("tls_failure", f"certificates no peer accepts: {', '.join(sorted(chosen))}", inject)


def peer_list_wrong(world: World, names: Names | None = None) -> Fault:
    """Give nodes a peer list of other hosts, or of peers with their ids swapped."""
    chosen = names or world.pick(world.random.randint(world.too_many, len(world.nodes) - 1))
    swapped = len(world.nodes) > 2 and world.random.random() < 0.5

    def inject(target: World) -> None:
        target.id_form = target.id_form or swapped
        for name in chosen:
            listed = target.nodes[name].listed
            peers = sorted(listed)
            if swapped:  # every id stands beside the address of the next
                target.nodes[name].listed = dict(zip(peers, peers[1:] + peers[:1], strict=True))
            else:  # the names of a cluster that was replaced
                target.nodes[name].listed = {f"old-{peer}": f"old-{peer}" for peer in peers}

    how = "ids swapped" if swapped else "names of an old cluster"
    return Fault("peer_list_wrong", f"{how} in the peer list of {', '.join(sorted(chosen))}", inject)


def aggressive_timeouts(world: World) -> Fault:
    """Put the round trip near the election timeout: far apart sites, default timeouts, sound links."""
    share = world.random.uniform(0.75, 1.6)

    def inject(target: World) -> None:
        minimum_ms = min(node.timeout_min_ms for node in target.nodes.values())
        usual_ms = median(link.rtt_ms for link in target.links.values())
        for link in target.links.values():
            link.rtt_ms *= share * minimum_ms / usual_ms
            link.jitter_ms = link.rtt_ms / 4

    wanted = buttons("set_election_timeouts", world.names) | buttons("restart_service", world.names)
    return Fault("aggressive_timeouts", f"round trip {share:.2f} of the election timeout", inject, wanted)


def stale_log(world: World) -> Fault:
    """Let only a laggard stand: its terms keep the one up-to-date node from ever timing out.

    An up-to-date voter is down; those that run are as many as a quorum needs.
    """
    names = world.pick(len(world.nodes))
    down = names[: len(names) - world.quorum]
    laggard = names[-1]
    behind = world.random.randint(40, 900)

    def inject(target: World) -> None:
        target.pre_vote = False
        for name in down:
            target.nodes[name].process = "stopped"
        for name in names[len(down) : -1]:
            target.nodes[name].campaigns = False
        target.nodes[laggard].log_behind = behind

    said = f"{laggard} stands, {behind} entries behind; {', '.join(down)} with the log down"
    return Fault("stale_log", said, inject, buttons("start_service", down))
