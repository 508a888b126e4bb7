"""Sentences of the summary: what is wrong, and whether the cluster can elect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbooks.leader_election.causes import CAUSES, NOT_SERVING, TIGHT_FOR_HEARTBEAT, RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.leaders import may_lead
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.timeouts import beats_too_slowly
from runbooks.model import SURE, CanElect, Finding, Verdict
from runbooks.wording import MAX_NAMES, counted, listed


def summary(facts: Facts, structure: Structure, ranked: Sequence[Finding], can_elect: CanElect) -> str:
    """Return one sentence for the parent message: every cause that is sure, the surest first."""
    lead, top = facts.leadership, ranked[0]
    if top.cause in (RootCause.ALERT_STALE, RootCause.MONITORING_BLIND):
        who = f"{lead.leader} leads term {lead.term}" if lead.leader else "entries are being committed"
        blind = "" if top.cause == RootCause.ALERT_STALE else ", but its metrics cannot be reached"
        return f"A leader exists: {who}{blind}."
    if top.cause == RootCause.NONE_KNOWN and (unseen := _unseen(facts)):
        return unseen
    opening = {"yes": "Can elect but does not", "no": "Cannot elect", "undetermined": "No leader"}
    sure = [finding for finding in ranked if finding.verdict in SURE] or [top]
    return f"{opening[can_elect]}: {'; '.join(_said(finding, structure) for finding in sure)}."


def _unseen(facts: Facts) -> str | None:
    """Return what is said where the bot sees too little to say that nobody leads."""
    unread = may_lead(facts)
    if not unread:
        return None
    of_hosts = [node for node in facts.evidence.nodes if node.service.value or node.clock.value]
    if len(unread) == len(facts.names):
        if not of_hosts:
            return "Nothing of this cluster can be read: is it the bot's own network?"
        return f"No node's metrics page can be read; {listed(unread, MAX_NAMES)} may lead."
    said = f"No leader among the nodes that could be read; {listed(unread, MAX_NAMES)} may lead."
    unheard = set(unread) - {node.node for node in of_hosts}
    return (
        f"{said} Are their hosts down, or is it the bot's own network?"
        if len(unheard) >= facts.needed
        else said
    )


def _said(finding: Finding, structure: Structure) -> str:
    hedge = {Verdict.LIKELY: "probably ", Verdict.POSSIBLE: "perhaps "}.get(finding.verdict, "")
    blocks = structure.blocks if finding.cause == RootCause.NETWORK_PARTITION else ()
    if 1 < len(blocks) < len(structure.facts.names) and len(blocks) <= MAX_NAMES:
        return f"{hedge}the network is cut into {' | '.join(listed(block, MAX_NAMES) for block in blocks)}"
    if finding.cause == RootCause.AGGRESSIVE_TIMEOUTS and beats_too_slowly(structure.facts):
        return hedge + TIGHT_FOR_HEARTBEAT
    if finding.cause == RootCause.QUORUM_LOSS:
        return hedge + " and ".join(_away(finding, structure))
    return hedge + CAUSES[finding.cause].sentence.format(nodes=listed(finding.nodes, MAX_NAMES))


def _away(finding: Finding, structure: Structure) -> Iterator[str]:
    """Yield which nodes stopped, and which are active and serve nothing."""
    services = {name: structure.facts.node(name).service.value for name in finding.nodes}
    idle = [name for name, service in services.items() if service and service.state == "active"]
    stopped = [name for name in finding.nodes if name not in idle]
    if stopped or not idle:
        yield CAUSES[finding.cause].sentence.format(nodes=listed(stopped, MAX_NAMES))
    if idle:
        yield NOT_SERVING.format(nodes=listed(idle, MAX_NAMES))


def running(facts: Facts) -> str:
    """Return how many processes run, as far as that is known: what could not be read is not down."""
    unknown = sum(facts.up[name] is None for name in facts.names)
    rest = f" ({unknown} not known)" if unknown else ""
    return f"{len(facts.running)} of {counted(len(facts.names), 'process')} run{rest}"


def can_elect_reason(facts: Facts, can_elect: CanElect, leader: Finding | None) -> str:
    """Return why the cluster can or cannot elect, by the numbers."""
    tally = f"{running(facts)}, {facts.needed} are needed"
    if leader and can_elect == "yes":
        lead = facts.leadership.leader if facts.leadership.majority else None
        return f"{lead} leads, acknowledged by a majority" if lead else "entries are being committed"
    if can_elect == "yes":
        return f"{tally}, and a majority of votes can be had"
    if can_elect == "undetermined":
        return f"{tally}; what could not be read decides"
    return tally if len(facts.running) < facts.needed else f"{tally}, but nobody can get that many votes"
