"""How the members' roles, terms and counters move between two samples of a world."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from lab.scenarios.election import (
    can_persist,
    electable,
    hears,
    is_slow,
    is_torn,
    is_unseated,
    may_campaign,
    outcome,
    voters,
)
from lab.scenarios.world import World

Role = Literal["follower", "candidate", "leader"]
SAMPLE_GAP_S = 1.5
# The share of samples of a storm in which somebody leads for a moment.
STORM_LEADS = 0.25


@dataclass(frozen=True)
class Claim:
    """What one member says of itself at one moment."""

    role: Role
    term: int
    elections: int
    commit_index: int


Motion = dict[str, tuple[Claim, Claim]]
"""Per member with a living process, the claims at the first and the second sample."""


def leader_of(world: World) -> str | None:
    """Return who leads where a leader stays: one of those with the most voters."""
    if outcome(world) != "steady":
        return None
    able = [name for name in electable(world) if not is_unseated(world, name)]
    most = max(len(voters(world, name)) for name in able)
    return next(name for name in able if len(voters(world, name)) == most)


def motion(world: World, leader: str | None) -> Motion:
    """Draw the claims of every member at both samples."""
    if leader is not None:
        return _steady(world, leader)
    return _storm(world) if outcome(world) == "storm" else _no_leader(world)


def election_pace_s(world: World, name: str) -> float:
    """Return how long a member that hears no leader waits between two candidacies, on average."""
    node = world.nodes[name]
    return (node.timeout_min_ms + node.timeout_max_ms) / 2000


def storm_pace(world: World) -> float:
    """Draw how many times a second a member stands for election in a storm.

    Where votes come too late, or a member never hears the leader, that is at most once each timeout; where
    packets or writes are lost now and then, as often as a run of heartbeats goes missing.
    """
    if is_slow(world) or is_torn(world, electable(world)):
        return world.random.uniform(0.15, 0.5) / election_pace_s(world, world.names[0])
    return world.random.uniform(0.1, 0.5)


def _steady(world: World, leader: str) -> Motion:
    draw = world.random
    moved: Motion = {}
    for name, node in world.nodes.items():
        elections = draw.randint(0, 12) + world.recent_elections
        base = _at(world, name, "follower", elections)
        if name == leader:
            first = replace(base, role="leader")
        elif name == world.stale_leader:
            first = replace(base, role="leader", term=world.term - draw.randint(1, 2))
            moved[name] = (first, first)
            continue
        elif node.process != "running" or not hears(world, name, leader):
            moved[name] = _alone(world, name, base)
            continue
        else:
            first = replace(base, commit_index=base.commit_index - draw.randint(0, 2))
        moved[name] = (first, replace(first, commit_index=first.commit_index + world.writes))
    return moved


def _no_leader(world: World) -> Motion:
    draw = world.random
    climbing = {
        name: int((world.fault_age_s if draw.random() < 0.8 else 60) / election_pace_s(world, name))
        for name in world.names
        if may_campaign(world, name)
    }
    moved: Motion = {}
    for name, node in world.nodes.items():
        base = _at(world, name, "follower", draw.randint(1, 30))
        heard = [count for other, count in climbing.items() if other == name or hears(world, name, other)]
        risen = replace(base, term=base.term + max(heard, default=0))
        steps = _steps(world, name)
        if name in climbing:
            counted = replace(risen, elections=base.elections + climbing[name])
            moved[name] = _campaigning(world, counted, steps)
        elif node.runs and heard and can_persist(node):
            moved[name] = (risen, replace(risen, term=risen.term + steps))
        elif node.process == "crashing":  # between its starts it hears of some terms
            seen = replace(
                base, term=base.term + int(max(climbing.values(), default=0) * draw.uniform(0.9, 1))
            )
            moved[name] = (seen, seen)
        else:
            resting: Role = "candidate" if draw.random() < 0.2 and node.runs else "follower"
            lagging = draw.choice((0, 0, 0, 0, 0, 1))
            moved[name] = (replace(base, role=resting, term=base.term - lagging),) * 2
    return moved


def _storm(world: World) -> Motion:
    draw = world.random
    since = int(world.fault_age_s / draw.uniform(0.8, 2.5))
    leads = {
        sample: draw.choice(electable(world)) if draw.random() < STORM_LEADS else None for sample in (0, 1)
    }
    standing = [name for name in world.names if may_campaign(world, name)]
    stood = Counter(draw.choices(standing, k=max(1, round(storm_pace(world) * SAMPLE_GAP_S * len(standing)))))
    rise = draw.randint(max(stood.values()), stood.total())
    moved: Motion = {}
    for name, node in world.nodes.items():
        base = _at(world, name, "follower", draw.randint(1, 30) + since // len(world.nodes))
        base = replace(base, term=base.term + since - draw.choice((0, 0, 0, 1)))
        if not (node.runs and can_persist(node)):
            moved[name] = (_at(world, name, "follower", 3),) * 2
            continue
        later = replace(base, term=base.term + rise, elections=base.elections + stood[name])
        moved[name] = (_in_storm(world, name, base, leads[0]), _in_storm(world, name, later, leads[1]))
    return moved


def _in_storm(world: World, name: str, claim: Claim, leads: str | None) -> Claim:
    if name == leads:
        return replace(claim, role="leader")
    stands = world.nodes[name].campaigns and world.random.random() < 0.5
    return replace(claim, role="candidate" if stands else "follower")


def _alone(world: World, name: str, base: Claim) -> tuple[Claim, Claim]:
    """Return a member of a steady cluster that does not hear the leader."""
    if may_campaign(world, name):
        gone = int(world.fault_age_s / election_pace_s(world, name))
        first = replace(base, term=base.term + gone, elections=base.elections + gone)
        return _campaigning(world, first, _steps(world, name))
    return base, base


def _campaigning(world: World, first: Claim, steps: int) -> tuple[Claim, Claim]:
    later = replace(first, term=first.term + steps, elections=first.elections + steps)
    roles: list[Role] = world.random.choices(("candidate", "follower"), (75, 25), k=2)
    return replace(first, role=roles[0]), replace(later, role=roles[1])


def _steps(world: World, name: str) -> int:
    pace_s = election_pace_s(world, name)
    return max(1, round(SAMPLE_GAP_S / pace_s * world.random.uniform(0.7, 1.3)))


def _at(world: World, name: str, role: Role, elections: int) -> Claim:
    node = world.nodes[name]
    if node.process == "crashing":  # the counter began anew with the process
        elections = world.random.randint(0, 3)
    return Claim(role, world.term, elections, world.commit_index - node.log_behind)
