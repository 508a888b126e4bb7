"""Cause 3 of the runbook: fewer than a majority of the configured nodes are running."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.words import counted, listed
from runbooks.model import Action, Finding, Remedy, RootCause, Verdict


def judge(facts: Facts) -> Finding:
    """Judge whether too few processes run."""
    down = tuple(name for name in facts.names if facts.up[name] is False)
    unknown = tuple(name for name in facts.names if facts.up[name] is None)
    verdict = _verdict(facts, down, unknown)
    running = len(facts.running)
    tally = f"{running} of {counted(len(facts.names), 'process')} run, {facts.needed} are needed"
    enough = running >= facts.needed
    return Finding(
        cause=RootCause.QUORUM_LOSS,
        verdict=verdict,
        nodes=down or unknown,
        evidence_for=() if enough else (tally, *(_sign_of_death(facts.evidence.node(name)) for name in down)),
        evidence_against=(tally,) if enough else (),
        would_decide=f"the process state on {listed(unknown)}"
        if unknown and verdict is not Verdict.RULED_OUT
        else None,
        remedies=(_start_nodes(facts, down, verdict),),
    )


def _verdict(facts: Facts, down: tuple[str, ...], unknown: tuple[str, ...]) -> Verdict:
    if len(facts.running) >= facts.needed:
        return Verdict.RULED_OUT
    if len(facts.names) - len(down) < facts.needed:
        return Verdict.CONFIRMED
    return Verdict.LIKELY if down else Verdict.UNDETERMINED


def _sign_of_death(node: NodeEvidence) -> str:
    service = node.service.value
    scrape = f"its metrics: {node.metrics.missing or 'no answer'}"
    if service and service.state in ("inactive", "failed"):
        return f"{node.node}: the service is {service.state} ({node.service.by}), {scrape}"
    return f"{node.node}: peers' connects are refused, {scrape}"


def _start_nodes(facts: Facts, down: tuple[str, ...], verdict: Verdict) -> Remedy:
    """Starting takes no running node away, so it needs no quorum gate; it needs a stopped service."""
    stopped = tuple(name for name in down if _known_stopped(facts.evidence.node(name)))
    if not stopped:
        reason = (
            "No node's service is known to be stopped." if not down else "No agent answers there to start it."
        )
        return Remedy(name="start_nodes", offered=False, reason=reason)
    missing = facts.needed - len(facts.running)
    return Remedy(
        name="start_nodes",
        nodes=stopped,
        actions=tuple(Action(type="start_service", node=name) for name in stopped),
        offered=verdict is Verdict.CONFIRMED or verdict is Verdict.LIKELY,
        reason=f"{listed(stopped)} stopped; {missing} more would make a majority."
        if missing > 0
        else f"A majority runs without {listed(stopped)}.",
    )


def _known_stopped(node: NodeEvidence) -> bool:
    return node.service.value is not None and node.service.value.state in ("inactive", "failed")
