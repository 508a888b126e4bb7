"""The remedy against clocks that are off: a step, where a service that can step has a source to step to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from runbooks.clocks import MAX_SKEW_MS, contested_clocks, follows_true_time, kept_by, look_at, says_time
from runbooks.evidence import Clock, ClockKeeper
from runbooks.leader_election.denials.clock import contradicted_clocks, skewed_pairs
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.remedy_kinds import CLOCK_SYNC
from runbooks.model import Remedy
from runbooks.plans import Action
from runbooks.wording import listed, milliseconds, signed_milliseconds

MAX_STEP_MS = 1_000_000.0
"""Agents refuse a larger clock step by default (`max_step_s`), so none is offered."""

SETTLED_SHARE, SETTLED_MS = 0.25, MAX_SKEW_MS / 2
"""How large a part of an offset, and how much, chrony's bound may be where a clock is stepped: agents refuse
a step by an estimate that has not settled, as for some 40 s after a jump."""

RESTARTS: Mapping[ClockKeeper, str] = {
    "timesyncd": "`systemctl restart systemd-timesyncd`",
    "ntpd": "`systemctl restart ntpsec` (or `ntp` or `ntpd`, as its unit is named)",
}
"""What makes a service that takes no order to step do so by itself, with its first answer after the start.

ntpd is read under any of three units (`agent/readings/clock.py`), and the reading does not say which.
"""


def clock_sync(facts: Facts, *, sure: bool, among: Collection[str] | None = None) -> Remedy:
    """Return the remedy that has chrony step the clocks that are off.

    Args:
        facts: The evidence.
        sure: Whether the clocks are known to be why.
        among: The nodes whose clocks may be stepped; by default all.
    """
    doubted = contradicted_clocks(facts) | contested_clocks(facts.evidence)
    asked = facts.skewed if among is None else [name for name in facts.skewed if name in among]
    off = tuple(name for name in asked if name not in doubted)
    nodes = tuple(name for name in off if _takes_orders(facts, name) and has_settled(facts.clocks[name]))
    if reason := _why_no_step(facts, off, nodes, sure=sure):
        return Remedy(name=CLOCK_SYNC, nodes=facts.skewed, offered=False, reason=reason)
    clocks = f"clock of {listed(nodes)} is" if len(nodes) == 1 else f"clocks of {listed(nodes)} are"
    told = f"The {clocks} off by more than {MAX_SKEW_MS:.0f} ms."
    return Remedy(
        name=CLOCK_SYNC,
        nodes=nodes,
        actions=tuple(Action(type="clock_sync", node=name) for name in nodes),
        offered=True,
        reason=" ".join((told, *_unsettled(facts, off), *_by_hand(facts, off))),
    )


def _why_no_step(facts: Facts, off: tuple[str, ...], nodes: tuple[str, ...], *, sure: bool) -> str | None:
    """Return why no clock is stepped; `None` where the clocks of `nodes` may be."""
    if not facts.skewed:
        return _why_no_skew(facts)
    clocks = {name: facts.clocks[name] for name in facts.skewed}
    if unsynced := [name for name, clock in clocks.items() if not clock.synchronised]:
        services = listed([f"{by} on {listed(names)}" for by, names in kept_by(clocks, unsynced).items()])
        return f"{services} has no selected source to step to: start NTP there first."
    if not nodes and any(_is_far(facts, name) for name in facts.skewed):
        return " ".join(_by_hand(facts, facts.skewed))
    if not sure:
        return "The skew does not explain this for certain; a step can expire running transactions."
    if not off:
        services = listed([f"{by} on {listed(names)}" for by, names in kept_by(clocks, list(clocks)).items()])
        who = "Gossip" if contradicted_clocks(facts).issuperset(clocks) else "This host's clock"
        return f"{who} contradicts what {services} says: find out which is right before a clock is stepped."
    return None if nodes else " ".join((*_unsettled(facts, off), *_by_hand(facts, off)))


def has_settled(clock: Clock) -> bool:
    """Return whether chrony knows an offset well enough for a step by it to leave the clock right."""
    return clock.error_ms <= min(SETTLED_SHARE * abs(clock.offset_ms), SETTLED_MS)


def _unsettled(facts: Facts, off: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to wait for where chrony does not know yet how far clocks are off; else nothing."""
    waiting = {name: facts.clocks[name] for name in off if _takes_orders(facts, name)}
    bounds = [
        f"{name} (±{milliseconds(clock.error_ms)})"
        for name, clock in waiting.items()
        if not has_settled(clock)
    ]
    if not bounds:
        return ()
    return (
        f"chrony has not settled on {listed(bounds)}: some polls later a step by its word would be right.",
    )


def _takes_orders(facts: Facts, name: str) -> bool:
    return facts.clocks[name].kept_by == "chrony" and not _is_far(facts, name)


def _is_far(facts: Facts, name: str) -> bool:
    return abs(facts.clocks[name].offset_ms) > MAX_STEP_MS


def _by_hand(facts: Facts, off: tuple[str, ...]) -> Iterator[str]:
    """Yield how the clocks are set right whose services take no order to step, or none as large."""
    if far := tuple(name for name in off if _is_far(facts, name)):
        largest = max(abs(facts.clocks[name].offset_ms) for name in far)
        yield (
            f"By hand: agents step no clock by more than {milliseconds(MAX_STEP_MS)}, and that of "
            f"{listed(far)} is {milliseconds(largest)} off. Find out why first."
        )
    for keeper, names in kept_by(facts.clocks, off).items():
        if keeper in RESTARTS:
            yield (
                f"{keeper} on {listed(names)} takes no order to step; it does so by itself when it starts:"
                f" {RESTARTS[keeper]} there, while no transaction runs."
            )


def _why_no_skew(facts: Facts) -> str:
    unknown = [name for name, clock in facts.clocks.items() if not says_time(clock)]
    if seen := [pair for pair, each in skewed_pairs(facts).items() if each.is_seen_from_here]:
        return _without_order(facts, {name for pair in seen for name in pair})
    if unknown:
        services = [f"{by} on {listed(names)}" for by, names in kept_by(facts.clocks, unknown).items()]
        return f"{listed(services)} follows no source: start NTP there first."
    if not facts.clocks:
        return "No clock could be read."
    largest = max(abs(clock.offset_ms) for clock in facts.clocks.values())
    return (
        f"No clock is surely more than {MAX_SKEW_MS:.0f} ms off: the largest known offset is"
        f" {milliseconds(largest)}."
    )


def _without_order(facts: Facts, concerned: set[str]) -> str:
    """Return what to do where clocks are apart and no service says by how much one is to be stepped."""
    names = [name for name in facts.names if name in concerned]
    without = [name for name in names if not (c := facts.clocks.get(name)) or not follows_true_time(c)]
    looks = {name: look for name in names if (look := look_at(facts.node(name)))}
    seen = [f"{name} {signed_milliseconds(look.ahead_ms)}" for name, look in looks.items()]
    start = (
        f"A step needs a time source, and the clock of {listed(without)} follows none: start NTP there"
        " (`timedatectl set-ntp true`, or install chrony)."
    )
    by_hand = tuple(_by_hand(facts, tuple(name for name in names if name not in without)))
    measured = f"By this host's clock: {listed(seen)}."
    return " ".join((*((start,) if without else ()), *by_hand, *((measured,) if seen else ())))
