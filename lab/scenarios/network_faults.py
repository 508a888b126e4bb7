"""Faults of the network: cuts of every shape, and loss."""

from __future__ import annotations

from itertools import permutations

from lab.scenarios.fault import Fault
from lab.scenarios.world import PORTS, Mode, Port, World, across

Groups = list[tuple[str, ...]]
TCP: tuple[Port, ...] = ("raft", "gossip")


def network_partition(world: World, groups: Groups | None = None, mode: Mode | None = None) -> Fault:
    """Cut the members into groups of which none is a majority, unless groups are given."""
    chosen = groups or _groups(world, halves=False)
    return _cut("network_partition", world, chosen, mode or _mode(world))


def even_split(world: World) -> Fault:
    """Cut an even-sized cluster into halves."""
    names = world.pick(len(world.nodes))
    half = len(names) // 2
    return _cut("even_split", world, [names[:half], names[half:]], _mode(world))


def asymmetric_partition(world: World, groups: Groups | None = None) -> Fault:
    """Cut one direction only between groups of which none is a majority."""
    chosen = groups or _groups(world, halves=True)
    whole = world.random.random() < 0.5
    pairs = set[tuple[str, str]]()
    for number, here in enumerate(chosen):
        for there in chosen[number + 1 :]:
            turned = world.random.random() < 0.5
            for one in here:
                for other in there:
                    turned = turned if whole else world.random.random() < 0.5
                    pairs.add((other, one) if turned else (one, other))
    mode = _mode(world)

    def inject(target: World) -> None:
        target.set_mode(pairs, mode, TCP)

    said = ", ".join(f"{one}>{other}" for one, other in sorted(pairs))
    return Fault("asymmetric_partition", f"one way only ({mode}): {said}", inject)


def partial_partition(world: World) -> Fault:
    """Leave a majority connected through one node, in one of the two shapes that keep electing.

    Two majorities that share the bridge unseat each other where no pre-vote holds them back; the bridge
    always hears one of them and never stands. A star's hub alone has a majority, and a log too old to win.
    """
    names = world.pick(len(world.nodes))
    hub, rest = names[0], names[1:]
    star = len(names) > 3 and (len(names) == 4 or world.random.random() < 0.5)
    half = len(rest) // 2
    pairs = set(permutations(rest, 2)) if star else across([rest[:half], rest[half:]])
    mode, behind = _mode(world), world.random.randint(5, 300)

    def inject(target: World) -> None:
        target.set_mode(pairs, mode, TCP)
        target.pre_vote = target.pre_vote and star
        if star:
            target.nodes[hub].log_behind = behind
        else:
            target.nodes[hub].campaigns = False

    return Fault(
        "partial_partition", f"{'star' if star else 'bridge'} around {hub}, the rest cut ({mode})", inject
    )


def gossip_blocked(world: World) -> Fault:
    """Cut the gossip port alone, into groups of which none is a majority."""
    groups, mode = _groups(world, halves=True), _mode(world)

    def inject(target: World) -> None:
        target.set_mode(across(groups), mode, ("gossip",))

    return Fault("gossip_blocked", f"gossip port cut ({mode}): {_said(groups)}", inject)


def packet_loss(world: World, mean: float | None = None) -> Fault:
    """Lose packets on every link."""
    usual = world.random.uniform(0.26, 0.5) if mean is None else mean
    shares = {pair: usual * world.random.uniform(0.85, 1.15) for pair in permutations(world.names, 2)}

    def inject(target: World) -> None:
        for (one, other, _), link in target.links.items():
            link.loss = shares[one, other]

    return Fault("packet_loss", f"{usual:.0%} of packets lost", inject)


def two_leaders(world: World) -> Fault:
    """Leave an old leader in its belief, by itself or cut off from the majority that elected another."""
    old = world.random.choice(world.names)
    cut_off = world.random.random() < 0.4
    others = tuple(name for name in world.names if name != old)

    def inject(target: World) -> None:
        target.stale_leader = old
        target.nodes[old].campaigns = False
        target.one_hot = True
        target.shows_role = True
        if cut_off:
            target.set_mode(across([(old,), others]), "drop", TCP)

    return Fault("two_leaders", f"{old} still claims to lead{', cut off' if cut_off else ''}", inject)


def _cut(cause: str, world: World, groups: Groups, mode: Mode) -> Fault:
    ports = PORTS if mode != "reject" and world.random.random() < 0.5 else TCP

    def inject(target: World) -> None:
        target.set_mode(across(groups), mode, ports)

    return Fault(cause, f"cut ({mode}): {_said(groups)}", inject)


def _groups(world: World, *, halves: bool) -> Groups:
    """Split the members at random into groups smaller than a quorum; `halves` allows exactly two halves."""
    while True:
        names = list(world.pick(len(world.nodes)))
        groups: Groups = []
        while names:
            size = world.random.randint(1, min(world.quorum - 1, len(names)))
            groups.append(tuple(names[:size]))
            del names[:size]
        if halves or len(groups) > 2 or len(world.nodes) % 2:
            return groups


def _mode(world: World) -> Mode:
    return world.random.choices(("drop", "reject", "unreachable"), (65, 25, 10))[0]


def _said(groups: Groups) -> str:
    return " | ".join("+".join(sorted(group)) for group in groups)
