"""The one remedy that a bot may carry out here: restart a stale leader that could hear the new term."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.evidence import Evidence
from runbooks.model import BY_HAND, Finding, Remedy, RemedyKind, Verdict
from runbooks.planning.service_remedies import service_plan, service_remedy, why_no_restart
from runbooks.plans import Plan
from runbooks.split_brain.causes import CAUSES, SplitCause
from runbooks.split_brain.claims import Claims
from runbooks.wording import listed

RESTART_STALE = "restart_stale_leader"
STABLE_S = 30.0
"""The alert waits 15 s before it fires; twice that with one leader alone ends it."""

_RESTART = RemedyKind(
    RESTART_STALE,
    button="Restart the stale leader",
    title="Restart the stale leader",
    risk="Its clients lose their connections, and what they wrote to it and it could not commit is refused.",
    undo="A restart is not undone.",
    check="The leader of the newest term stays connected with a majority without it.",
)
REMEDIES: Mapping[str, RemedyKind] = {_RESTART.name: _RESTART}


def remedy_for(finding: Finding, claims: Claims) -> tuple[Remedy, ...]:
    """Return the remedies that belong to a finding."""
    if finding.cause == SplitCause.STALE_LEADER_STUCK:
        return (_restart(finding, claims),)
    by_hand = CAUSES[finding.cause].by_hand
    return (Remedy(name=BY_HAND, nodes=finding.nodes, offered=False, reason=by_hand),) if by_hand else ()


def _restart(finding: Finding, claims: Claims) -> Remedy:
    refused = next((why for name in finding.nodes if (why := why_no_restart(claims.evidence, name))), None)
    if finding.verdict is not Verdict.CONFIRMED:
        refused = "It is not confirmed."
    reason = f"{listed(finding.nodes)} leads an old term and commits nothing."
    return service_remedy(RESTART_STALE, finding.nodes, reason, refused)


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered remedy from the evidence that it was offered on."""
    return service_plan(
        REMEDIES[remedy.name],
        remedy,
        evidence,
        effect="starts as a follower of the newest term",
        watch_after=f"One leader alone, in the newest term, with a majority, for {STABLE_S:.0f} s.",
        stable_s=STABLE_S,
    )
