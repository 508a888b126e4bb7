"""The sentences at the top: what is wrong, and whether the cluster can elect."""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.leader_election.facts import Facts
from runbooks.leader_election.structure import Structure
from runbooks.leader_election.wording import counted, listed
from runbooks.model import SURE, Finding, RootCause, Verdict

SENTENCES = {
    RootCause.QUORUM_LOSS: "{nodes} stopped",
    RootCause.HOST_DOWN: "the hosts of {nodes} answer nobody",
    RootCause.PROCESS_HUNG: "{nodes} accept connections and answer nothing",
    RootCause.CRASH_LOOP: "{nodes} keep crashing",
    RootCause.STORAGE_FULL: "{nodes} cannot write the log of record",
    RootCause.TLS_FAILURE: "the TLS handshakes of {nodes} fail",
    RootCause.NETWORK_PARTITION: "{nodes} cannot reach each other",
    RootCause.ASYMMETRIC_PARTITION: "links between {nodes} work one way only",
    RootCause.EVEN_SPLIT: "the cluster is cut into two halves",
    RootCause.PARTIAL_PARTITION: "some links between {nodes} are cut, so leaders do not last",
    RootCause.GOSSIP_BLOCKED: "gossip between {nodes} is blocked, and votes are denied",
    RootCause.CLOCK_SKEW: "the clocks are apart, and nodes hold each other failed",
    RootCause.PEER_LIST_WRONG: "the peer lists of {nodes} are wrong",
    RootCause.STALE_LOG: "{nodes} campaign with an older log and cannot win",
    RootCause.PACKET_LOSS: "packets are lost between the nodes",
    RootCause.SLOW_DISK: "the disk of {nodes} is too slow",
    RootCause.AGGRESSIVE_TIMEOUTS: "elections follow each other, the timeout is too tight for the round trip",
    RootCause.TWO_LEADERS: "{nodes} both claim to lead",
    RootCause.NONE_KNOWN: "none of the known causes is borne out",
}


def summary(facts: Facts, structure: Structure, ranked: Sequence[Finding]) -> str:
    """One sentence for the parent message: every cause that is sure, the surest first."""
    lead, top = facts.leadership, ranked[0]
    if top.cause in (RootCause.ALERT_STALE, RootCause.MONITORING_BLIND):
        who = f"{lead.leader} leads term {lead.term}" if lead.leader else "entries are being committed"
        blind = "" if top.cause is RootCause.ALERT_STALE else ", but its metrics cannot be reached"
        return f"A leader exists: {who}{blind}."
    opening = {"yes": "Can elect but does not", "no": "Cannot elect", "undetermined": "No leader"}
    sure = [finding for finding in ranked if finding.verdict in SURE] or [top]
    return f"{opening[structure.can_elect]}: {'; '.join(_said(finding, structure) for finding in sure)}."


def _said(finding: Finding, structure: Structure) -> str:
    hedge = f"{finding.verdict.value}, " if finding.verdict in (Verdict.LIKELY, Verdict.POSSIBLE) else ""
    if finding.cause is RootCause.NETWORK_PARTITION and 1 < len(structure.blocks) < len(
        structure.facts.names
    ):
        return f"{hedge}the network is cut into {' | '.join(map(listed, structure.blocks))}"
    return hedge + SENTENCES[finding.cause].format(nodes=listed(finding.nodes))


def can_elect_reason(facts: Facts, structure: Structure) -> str:
    """Why it can or cannot, by the numbers."""
    running = f"{len(facts.running)} of {counted(len(facts.names), 'process')} run, {facts.needed} are needed"
    if structure.can_elect == "yes":
        return f"{running}, and a majority of votes can be had"
    if structure.can_elect == "undetermined":
        return f"{running}; what could not be read decides"
    return running if len(facts.running) < facts.needed else f"{running}, but nobody can get that many votes"
