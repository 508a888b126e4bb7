"""The one remedy that a bot may carry out here: restart a follower that applies nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbooks.evidence import Evidence
from runbooks.gaps import MAX_LAG_ENTRIES, Gaps
from runbooks.model import BY_HAND, SURE, Finding, Remedy, RemedyKind, Verdict
from runbooks.planning.service_remedies import service_plan, service_remedy, why_no_restart
from runbooks.plans import Plan
from runbooks.replication_lag.causes import CAUSES, LagCause
from runbooks.wording import listed

RESTART_STUCK = "restart_stuck"
STABLE_S = 60.0
"""HighReplicationLag waits a minute before it fires, so a minute below its bound ends it."""

_RESTART = RemedyKind(
    RESTART_STUCK,
    button="Restart the stuck node",
    title="Restart the node that applies nothing",
    risk="The node is away for a moment and replays its log; a large log takes minutes.",
    undo="A restart is not undone.",
    check="A majority stays connected and caught up without the node, and it is not the leader.",
)
REMEDIES: Mapping[str, RemedyKind] = {_RESTART.name: _RESTART}


def remedy_for(finding: Finding, gaps: Gaps, ranked: Sequence[Finding]) -> tuple[Remedy, ...]:
    """Return the remedies that belong to a finding, one of those `ranked` for this evidence."""
    if finding.cause == LagCause.APPLY_STUCK:
        return () if finding.verdict is Verdict.RULED_OUT else (_restart(finding, gaps, ranked),)
    by_hand = CAUSES[finding.cause].by_hand
    if not by_hand or finding.verdict is Verdict.RULED_OUT:
        return ()
    return (Remedy(name=BY_HAND, nodes=finding.nodes, offered=False, reason=by_hand),)


def _restart(finding: Finding, gaps: Gaps, ranked: Sequence[Finding]) -> Remedy:
    elsewhere = {name: each for each in reversed(ranked) if _explains(each) for name in each.nodes}
    reasons = (_why_no_restart(gaps, name, elsewhere.get(name)) for name in finding.nodes)
    refused = next((reason for reason in reasons if reason), None)
    if len(finding.nodes) > 1:
        refused = "Several stopped at once: look for an entry that none of them can apply."
    if finding.verdict is not Verdict.CONFIRMED:
        refused = "It is not confirmed that it is stuck: one large entry may take it that long."
    reason = f"{listed(finding.nodes)} has entries to apply and applies none."
    return service_remedy(RESTART_STUCK, finding.nodes, reason, refused)


def _explains(finding: Finding) -> bool:
    return finding.verdict in SURE and finding.cause not in (LagCause.APPLY_STUCK, LagCause.LAG_UNEXPLAINED)


def _why_no_restart(gaps: Gaps, name: str, other: Finding | None) -> str | None:
    if other:
        return f"Mend “{CAUSES[other.cause].title.lower()}” on {name} first: a restart would not."
    if len(gaps.evidence.names) == 1:
        return f"{name} is the only node: a restart leaves the cluster without one, so it is for people."
    if name == gaps.leader:
        return f"{name} leads: hand it over (`neumann raft transfer-leadership`), then restart {name}."
    return why_no_restart(gaps.evidence, name)


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered remedy from the evidence that it was offered on."""
    return service_plan(
        REMEDIES[remedy.name],
        remedy,
        evidence,
        effect="replays its log and applies what waits",
        watch_after=f"No node more than {MAX_LAG_ENTRIES} entries behind, for {STABLE_S:.0f} s.",
        stable_s=STABLE_S,
    )
