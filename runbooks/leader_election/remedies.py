"""The three remedies the runbook allows a bot, each offered or refused, with the reason."""

from __future__ import annotations

from runbooks.clocks import witnessed_clocks
from runbooks.electability import Known
from runbooks.leader_election.causes import CAUSES, RootCause
from runbooks.leader_election.clock_remedy import clock_sync
from runbooks.leader_election.configured import malformed
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.leaders import in_higher_term, leader_finding
from runbooks.leader_election.remedy_kinds import START_NODES
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.timeouts_remedy import config_bump
from runbooks.log_damage import may_be_damaged
from runbooks.log_room import lacks_room
from runbooks.model import BY_HAND, SURE, Finding, Remedy, Verdict
from runbooks.planning.service_remedies import why_held, why_vain
from runbooks.plans import Action
from runbooks.wording import listed


def remedy_for(finding: Finding, facts: Facts, structure: Structure) -> tuple[Remedy, ...]:
    """Return the remedies that belong to a finding.

    A button that acts on a node needs a confirmed cause: one source alone, the node's own or anybody's, is
    not enough.
    """
    cause, verdict = finding.cause, finding.verdict
    if cause == RootCause.QUORUM_LOSS:
        # Each node here is known to be stopped by two witnesses, however sure the whole is. Where nobody is
        # seen to lead, a start can only help, also where something else keeps the majority from voting.
        unled = not facts.leadership.leader and leader_finding(facts) is None
        told = verdict is not Verdict.RULED_OUT
        return (_start_nodes(facts, structure, sure=verdict in SURE or (told and unled)),)
    if cause == RootCause.STALE_LOG and verdict in SURE and structure.of(RootCause.QUORUM_LOSS):
        return (_start_nodes(facts, structure, sure=True),)  # who is down may have the log that can win
    if cause == RootCause.CLOCK_SKEW:
        return (_step_clocks(verdict, facts, structure),)
    if cause == RootCause.AGGRESSIVE_TIMEOUTS:
        return (config_bump(facts, verdict),)
    if CAUSES[cause].by_hand and verdict is not Verdict.RULED_OUT:
        return (
            Remedy(
                name=BY_HAND, nodes=structure.nodes_of(cause), offered=False, reason=CAUSES[cause].by_hand
            ),
        )
    return ()


def _step_clocks(verdict: Verdict, facts: Facts, structure: Structure) -> Remedy:
    """Return the remedy that steps clocks: beside a leader, of those nodes alone that stand against it."""
    witnessed = is_corroborated(structure, RootCause.CLOCK_SKEW)
    if witnessed and (out := _kept_out(facts)):
        return clock_sync(facts, sure=True, among=out)
    # What else it takes may be less sure than the clocks, which two instruments show.
    likely = verdict is Verdict.LIKELY and witnessed
    return clock_sync(facts, sure=likely or verdict is Verdict.CONFIRMED)


def _kept_out(facts: Facts) -> tuple[str, ...]:
    """Return the nodes with a clock that is off which stand in a higher term than the leader's.

    To step such a clock takes nothing from the leader or its majority, and ends the elections.
    """
    leader = facts.leadership.leader
    ahead = in_higher_term(facts, leader) if leader and leader_finding(facts) else ()
    return tuple(name for name in facts.skewed if name in ahead)


def _start_nodes(facts: Facts, structure: Structure, *, sure: bool) -> Remedy:
    """Return the remedy that starts stopped services; it takes no node away, so it needs no quorum gate."""
    down = {d.node for d in structure.of(RootCause.QUORUM_LOSS) if d.node and d.known is Known.CORROBORATED}
    known = tuple(
        node
        for node in facts.evidence.nodes
        if node.node in down and (service := node.service.value) and service.is_startable
    )
    full = tuple(node.node for node in known if lacks_room(node))
    spoilt = tuple(node.node for node in known if node.node in malformed(facts.evidence))
    damaged = tuple(node.node for node in known if may_be_damaged(node))
    vain = tuple(dict.fromkeys((*full, *spoilt, *damaged)))
    stopped = tuple(node.node for node in known if node.node not in vain)
    if not stopped:
        reason = f"Correct the configuration file of {listed(spoilt)} first." if spoilt and not full else None
        reason = reason or (None if full else why_vain(facts.evidence, damaged))
        reason = reason or _why_no_start(facts, down, full)
        return Remedy(name=START_NODES, nodes=vain, offered=False, reason=reason)
    missing = facts.needed - len(facts.running)
    return Remedy(
        name=START_NODES,
        nodes=stopped,
        actions=tuple(Action(type="start_service", node=name) for name in stopped),
        offered=sure,
        reason=_why_start(stopped, missing, sure=sure),
    )


def _why_no_start(facts: Facts, down: set[str], full: tuple[str, ...]) -> str:
    if full:
        return (
            f"Make room on {listed(full)} first: a node that cannot write its log of record does not start."
        )
    services = [service for name in sorted(down) if (service := facts.node(name).service.value)]
    if held := why_held(services):
        return held
    if any(service.state == "active" for service in services):
        return "Its service is active already: see in its log whether it replays or could not bind."
    return "No agent answers there to start it." if down else "No node's service is known to be stopped."


def _why_start(stopped: tuple[str, ...], missing: int, *, sure: bool) -> str:
    if not sure:
        return f"{listed(stopped)} stopped, but that alone does not explain it."
    more = f"; {missing} more would make a majority" if missing > 0 else ""
    return f"{listed(stopped)} stopped{more}."


def is_corroborated(structure: Structure, cause: str) -> bool:
    """Return whether clocks are known to be off by two sources: chrony and gossip or the bot, or two chronys.

    Two nodes' own words are enough only of nodes that answer, and that something else keeps apart in gossip.
    """
    facts = structure.facts
    answering = {name for name in facts.names if facts.metrics(name) or facts.up[name] is False}
    seen = [denial for denial in structure.of(cause) if answering.issuperset(denial.nodes)]
    witnesses = witnessed_clocks(facts.evidence)  # of one alone, nobody tells whether it or the bot is off
    seen_from_here = bool(seen) and len(witnesses) > 1 and witnesses.issuperset(facts.skewed)
    witnessed = seen_from_here or any(denial.known is Known.CORROBORATED for denial in seen)
    return witnessed or (bool(seen) and len(answering.intersection(facts.skewed)) > 1)
