"""The three remedies the runbook allows a bot, each offered or refused, with the reason."""

from __future__ import annotations

from runbooks.electability import Known
from runbooks.leader_election.causes import CAUSES, RootCause
from runbooks.leader_election.clock_denials import contradicted_clocks
from runbooks.leader_election.facts import MAX_RECOMMENDED_SKEW_MS, Facts
from runbooks.leader_election.remedy_kinds import CLOCK_SYNC, CONFIG_BUMP, START_NODES
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.timeouts import wanted_timeouts_ms
from runbooks.model import BY_HAND, SURE, Finding, Remedy, Verdict
from runbooks.plans import Action
from runbooks.wording import listed, milliseconds


def remedy_for(finding: Finding, facts: Facts, structure: Structure) -> tuple[Remedy, ...]:
    """Return the remedies that belong to a finding.

    A button that acts on a node needs a confirmed cause: one source alone, the node's own or anybody's, is
    not enough.
    """
    cause, verdict = finding.cause, finding.verdict
    sure = verdict is Verdict.CONFIRMED
    if cause == RootCause.QUORUM_LOSS:
        # Each node here is known to be stopped by two witnesses, however sure the whole is.
        return (_start_nodes(facts, structure, sure=verdict in SURE),)
    if cause == RootCause.STALE_LOG and verdict in SURE and structure.of(RootCause.QUORUM_LOSS):
        return (_start_nodes(facts, structure, sure=True),)  # who is down may have the log that can win
    if cause == RootCause.CLOCK_SKEW:
        return (_clock_sync(facts, sure=sure),)
    if cause == RootCause.AGGRESSIVE_TIMEOUTS:
        return (_config_bump(facts, sure=sure),)
    if CAUSES[cause].by_hand and verdict is not Verdict.RULED_OUT:
        return (
            Remedy(
                name=BY_HAND, nodes=structure.nodes_of(cause), offered=False, reason=CAUSES[cause].by_hand
            ),
        )
    return ()


def _start_nodes(facts: Facts, structure: Structure, *, sure: bool) -> Remedy:
    """Return the remedy that starts stopped services; it takes no node away, so it needs no quorum gate."""
    down = {d.node for d in structure.of(RootCause.QUORUM_LOSS) if d.known is Known.CORROBORATED}
    stopped = tuple(
        node.node
        for node in facts.evidence.nodes
        if node.node in down and node.service.value and node.service.value.state in ("inactive", "failed")
    )
    if not stopped:
        return Remedy(
            name=START_NODES,
            offered=False,
            reason="No agent answers there to start it."
            if down
            else "No node's service is known to be stopped.",
        )
    missing = facts.needed - len(facts.running)
    return Remedy(
        name=START_NODES,
        nodes=stopped,
        actions=tuple(Action(type="start_service", node=name) for name in stopped),
        offered=sure,
        reason=_why_start(stopped, missing, sure=sure),
    )


def _why_start(stopped: tuple[str, ...], missing: int, *, sure: bool) -> str:
    if not sure:
        return f"{listed(stopped)} stopped, but that alone does not explain it."
    more = f"; {missing} more would make a majority" if missing > 0 else ""
    return f"{listed(stopped)} stopped{more}."


def _clock_sync(facts: Facts, *, sure: bool) -> Remedy:
    def refused(reason: str) -> Remedy:
        return Remedy(name=CLOCK_SYNC, nodes=facts.skewed, offered=False, reason=reason)

    if not facts.skewed:
        largest = max((abs(clock.offset_ms) for clock in facts.clocks.values()), default=None)
        if largest is None:
            return refused("No clock could be read.")
        return refused(f"The largest skew is {milliseconds(largest)}, it would not help.")
    unsynced = tuple(name for name in facts.skewed if not facts.clocks[name].synchronised)
    if unsynced:
        return refused(
            f"chrony on {listed(unsynced)} has no selected source to step to: start NTP there first."
        )
    if not sure:
        return refused("The skew does not explain this for certain; a step can expire running transactions.")
    nodes = tuple(name for name in facts.skewed if name not in contradicted_clocks(facts))
    if not nodes:
        return refused(f"Gossip contradicts what {listed(facts.skewed)} says of its own clock.")
    return Remedy(
        name=CLOCK_SYNC,
        nodes=nodes,
        actions=tuple(Action(type="clock_sync", node=name) for name in nodes),
        offered=True,
        reason=f"{listed(nodes)} beyond {MAX_RECOMMENDED_SKEW_MS:.0f} ms.",
    )


def _config_bump(facts: Facts, *, sure: bool) -> Remedy:
    def refused(reason: str) -> Remedy:
        return Remedy(name=CONFIG_BUMP, offered=False, reason=reason)

    if not sure:
        return refused("Elections are not known to fail for want of time, wider timeouts would not help.")
    unread = tuple(name for name in facts.names if name not in facts.timeouts_ms)
    if unread:
        return refused(
            f"The configuration of {listed(unread)} could not be read; all must get the same values."
        )
    if len(facts.running) - 1 < facts.needed:
        return refused(f"A restart would leave {len(facts.running) - 1} nodes, {facts.needed} are needed.")
    low, high = wanted_timeouts_ms(facts)
    changed = tuple(name for name, now in facts.timeouts_ms.items() if now[0] < low or now[1] < high)
    if not changed:
        return refused(f"The timeouts already stand at {low}/{high} ms or wider.")
    if locked := _why_not_editable(facts, changed):
        return refused(locked)
    return Remedy(
        name=CONFIG_BUMP,
        nodes=changed,
        actions=tuple(
            step for name in _leader_last(facts, changed) for step in _set_and_restart(name, low, high)
        ),
        offered=True,
        reason=f"{low}/{high} ms gives a vote time to come back.",
    )


def _why_not_editable(facts: Facts, names: tuple[str, ...]) -> str | None:
    """Return the first agent's reason why it cannot change its file: no run begins that must stop there."""
    configs = {name: facts.node(name).config.value for name in names}
    reasons = (
        f"{name}: {config.why_not_editable}"
        for name, config in configs.items()
        if config and config.why_not_editable
    )
    return next(reasons, None)


def _leader_last(facts: Facts, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: name == facts.leadership.leader))


def _set_and_restart(name: str, low: int, high: int) -> tuple[Action, Action]:
    return (
        Action(
            type="set_election_timeouts", node=name, election_timeout_min_ms=low, election_timeout_max_ms=high
        ),
        Action(type="restart_service", node=name),
    )
