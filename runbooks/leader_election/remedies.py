"""The three remedies the runbook allows a bot, each offered or refused, with the reason."""

from __future__ import annotations

from runbooks.electability import Known
from runbooks.leader_election.clock_denials import contradicted_clocks
from runbooks.leader_election.facts import MAX_RECOMMENDED_SKEW_MS, Facts
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.timeouts import wanted_timeouts_ms
from runbooks.leader_election.wording import listed, milliseconds
from runbooks.model import SURE, Action, Remedy, RootCause, Verdict


def remedy_for(cause: RootCause, verdict: Verdict, facts: Facts, structure: Structure) -> tuple[Remedy, ...]:
    """The remedies that belong to a cause. A button that acts on a node needs a confirmed cause:
    one source alone, the node's own or anybody's, is not enough."""
    sure = verdict is Verdict.CONFIRMED
    if cause is RootCause.QUORUM_LOSS:
        # Each node here is known to be stopped by two witnesses, however sure the whole is.
        return (_start_nodes(facts, structure, sure=verdict in SURE),)
    if cause is RootCause.STALE_LOG and verdict in SURE and structure.of(RootCause.QUORUM_LOSS):
        return (_start_nodes(facts, structure, sure=True),)  # who is down may have the log that can win
    if cause is RootCause.CLOCK_SKEW:
        return (_clock_sync(facts, sure=sure),)
    if cause is RootCause.AGGRESSIVE_TIMEOUTS:
        return (_config_bump(facts, sure=sure),)
    if cause in _BY_HAND and verdict is not Verdict.RULED_OUT:
        return (
            Remedy(name="by_hand", nodes=structure.nodes_of(cause), offered=False, reason=_BY_HAND[cause]),
        )
    return ()


_BY_HAND = {
    RootCause.NETWORK_PARTITION: "The bot touches no firewall: check rules for 7878 and 7879, and routes.",
    RootCause.ASYMMETRIC_PARTITION: "Open the failing direction: check rules for 7878 and 7879, and routes.",
    RootCause.EVEN_SPLIT: "Join the halves: check rules and routes; an odd number cannot halve.",
    RootCause.PARTIAL_PARTITION: "Mend the cut links: check rules for 7878 and 7879, and routes.",
    RootCause.GOSSIP_BLOCKED: "Open 7879 between the nodes.",
    RootCause.HOST_DOWN: "Look at the hosts' consoles; the bot reaches nothing there.",
    RootCause.PROCESS_HUNG: "Take a stack trace, then restart the service by hand.",
    RootCause.CRASH_LOOP: "Find why it ends (memory, log) before it is started again.",
    RootCause.STORAGE_FULL: "Free space; never delete the write-ahead log.",
    RootCause.TLS_FAILURE: "Renew or correct the certificates, then restart one node at a time.",
    RootCause.PEER_LIST_WRONG: "Give every node the same peers, then restart one node at a time.",
    RootCause.STALE_LOG: "Bring a node with the newest log back.",
    RootCause.PACKET_LOSS: "Mend the links first; wider timeouts only hide the loss.",
    RootCause.SLOW_DISK: "Move the leader or mend the disk; wider timeouts are only relief.",
    RootCause.MIXED_TIMEOUTS: "Give every node the same: finish the change, or put it back.",
    RootCause.TWO_LEADERS: "Follow the split-brain runbook: restart the leader of the lower term.",
    RootCause.MONITORING_BLIND: "Mend the scrape; nothing is to be done to the cluster.",
}


def _start_nodes(facts: Facts, structure: Structure, *, sure: bool) -> Remedy:
    """Starting takes no running node away, so it needs no quorum gate; it needs a service that is stopped."""
    down = {d.node for d in structure.of(RootCause.QUORUM_LOSS) if d.known is Known.CORROBORATED}
    stopped = tuple(
        node.node
        for node in facts.evidence.nodes
        if node.node in down and node.service.value and node.service.value.state in ("inactive", "failed")
    )
    if not stopped:
        return Remedy(
            name="start_nodes",
            offered=False,
            reason="No agent answers there to start it."
            if down
            else "No node's service is known to be stopped.",
        )
    missing = facts.needed - len(facts.running)
    return Remedy(
        name="start_nodes",
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
        return Remedy(name="clock_sync", nodes=facts.skewed, offered=False, reason=reason)

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
        name="clock_sync",
        nodes=nodes,
        actions=tuple(Action(type="clock_sync", node=name) for name in nodes),
        offered=True,
        reason=f"{listed(nodes)} beyond {MAX_RECOMMENDED_SKEW_MS:.0f} ms.",
    )


def _config_bump(facts: Facts, *, sure: bool) -> Remedy:
    def refused(reason: str) -> Remedy:
        return Remedy(name="config_bump", offered=False, reason=reason)

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
    return Remedy(
        name="config_bump",
        nodes=changed,
        actions=tuple(
            step for name in _leader_last(facts, changed) for step in _set_and_restart(name, low, high)
        ),
        offered=True,
        reason=f"{low}/{high} ms gives a vote time to come back.",
    )


def _leader_last(facts: Facts, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: name == facts.leadership.leader))


def _set_and_restart(name: str, low: int, high: int) -> tuple[Action, Action]:
    return (
        Action(
            type="set_election_timeouts", node=name, election_timeout_min_ms=low, election_timeout_max_ms=high
        ),
        Action(type="restart_service", node=name),
    )
