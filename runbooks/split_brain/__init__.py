"""The split-brain runbook: whether two leaders are a stale one and a new one, or two histories.

Raft elects at most one leader a term, and a leader that is cut off goes on calling itself so until it hears a
newer term. Two terms are therefore no loss by themselves; one term twice, or two that commit, are.
"""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.evidence import Evidence
from runbooks.hand_off import HandOff
from runbooks.model import CanElect, Diagnosis, Finding, Recovery, RecoveryNeeds, Verdict
from runbooks.planning.node_check import leadership
from runbooks.split_brain.causes import CAUSES as CAUSES
from runbooks.split_brain.causes import SplitCause
from runbooks.split_brain.claims import Claim, Claims
from runbooks.split_brain.remedies import REMEDIES as REMEDIES
from runbooks.split_brain.remedies import plan as plan
from runbooks.split_brain.remedies import remedy_for
from runbooks.wording import MAX_NAMES, listed

NAME = "split-brain"
TITLE = "More than one leader"
URL = "https://docs.neumann.io/operations/runbooks/split-brain"
AIM = "single leader"
RECOVERY_NEEDS: RecoveryNeeds = "metrics"
ALERTS = frozenset({"MultipleLeaders"})

HEARD_WITHIN_S = 1.0
"""A leader's heartbeats go out many times a second, so one that reaches a node has reached it by then."""

MANY_ENTRIES = 10
"""More entries than these are not committed by acknowledgements that were under way."""


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; there is one finding, for one thing is so."""
    claims = Claims(evidence)
    finding = _finding(claims)
    finding = finding.model_copy(update={"remedies": remedy_for(finding, claims)})
    can_elect, reason = _can_elect(claims)
    said = CAUSES[finding.cause].sentence.format(nodes=listed(finding.nodes, MAX_NAMES))
    return Diagnosis(
        can_elect=can_elect,
        can_elect_reason=reason,
        leadership=claims.leadership,
        summary=f"{said[:1].upper()}{said[1:]}." if not finding.nodes else f"{said}.",
        findings=(finding,),
    )


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether one node alone leads, in the newest term, with a majority, and every node was read."""
    lead = leadership(evidence)
    read = all(node.newest_metrics for node in evidence.nodes)
    well = read and len(lead.claimed_by) == 1 and lead.majority and lead.term == lead.highest_term
    leads = f"{lead.leader} leads term {lead.term}" if lead.leader else ""
    return Recovery(
        is_recovered=well,
        sign=leads,
        progress=lead.commit_index,
        sentence=f"{leads}, alone" if leads else "no leader",
        leadership=lead,
    )


def hand_off(_: Evidence) -> HandOff | None:
    """Return nothing: which history is kept is for people to decide, and no reading tells."""
    return None


def _can_elect(claims: Claims) -> tuple[CanElect, str]:
    if claims.backed:
        return "yes", f"{claims.backed.node} leads term {claims.backed.term} with a majority"
    return "undetermined", "`/neumann election status` looks at elections"


def _finding(claims: Claims) -> Finding:
    if twice := claims.same_term:
        return _grave(SplitCause.ONE_TERM_TWICE, twice, claims)
    if histories := _two_histories(claims):
        return histories
    stale = [claim for claim in claims.older if claim.lasted]
    if stale and all(_had_time_to_hear(claim, claims) for claim in stale):
        return _stale(stale, claims)
    if claims.changed:
        return _of(SplitCause.HANDOVER, Verdict.LIKELY, claims.all, claims)
    return _one_or_none(claims)


def _two_histories(claims: Claims) -> Finding | None:
    """Return a finding of two leaders that commit side by side.

    A new leader has all that the old one could commit (Raft 5.4). So an old one that stands beyond a new one
    that commits has another history; one that only goes on may be counting votes that were under way.
    """
    lasting = [claim for claim in claims.all if claim.lasted]
    if len(lasting) < 2 or not all((claim.committed or 0) > 0 for claim in lasting):
        return None
    newest, *older = lasting
    beside = [claim for claim in older if claim.beside_s(newest) >= HEARD_WITHIN_S]
    if any((claim.commit_index or 0) > (newest.commit_index or 0) for claim in beside):
        return _grave(SplitCause.BOTH_SIDES_COMMIT, (newest, *beside), claims)
    going_on = [claim for claim in beside if (claim.committed or 0) >= MANY_ENTRIES]
    if not going_on:
        return None
    lacks = f"another look: whether {listed([claim.node for claim in going_on])} still commits"
    return _of(SplitCause.BOTH_SIDES_COMMIT, Verdict.UNDETERMINED, (newest, *going_on), claims, lacks)


def _had_time_to_hear(claim: Claim, claims: Claims) -> bool:
    """Return whether a leader was seen to claim for long enough beside the one that a majority follows."""
    backed = claims.backed
    return backed is None or (backed.lasted and claim.beside_s(backed) >= HEARD_WITHIN_S)


def _grave(cause: SplitCause, about: Sequence[Claim], claims: Claims) -> Finding:
    """Judge two histories: a page is a node's own word, so each needs its log beside it."""
    alone = [claim.node for claim in about if not claim.is_logged]
    if not alone:
        return _of(cause, Verdict.CONFIRMED, about, claims)
    lacks = f"whether the log of {listed(alone)} says that it became leader"
    return _of(cause, Verdict.UNDETERMINED, about, claims, lacks)


def _one_or_none(claims: Claims) -> Finding:
    lacks = _what_decides(claims)
    if lacks is None:
        return _of(SplitCause.ONE_LEADER, Verdict.CONFIRMED, claims.all, claims)
    return Finding(
        cause=SplitCause.TOO_FEW_READ,
        verdict=Verdict.UNDETERMINED,
        evidence_for=tuple(map(str, claims.all)),
        would_decide=lacks,
    )


def _what_decides(claims: Claims) -> str | None:
    """Return what would have to be read to say who leads; None where one node alone is known to."""
    if claims.unread:
        return f"the pages of {listed(claims.unread, MAX_NAMES)}"
    if len(claims.all) > 1:
        return f"a second look at {listed([claim.node for claim in claims.all], MAX_NAMES)}"
    return None if claims.backed else "a node that leads with a majority"


def _stale(stale: Sequence[Claim], claims: Claims) -> Finding:
    """Judge leaders of an old term: cut off, or able to hear the new one and yet not stepping down."""
    if claims.backed is None:
        lacks = "whom a majority follows"
        return _of(SplitCause.STALE_LEADER, Verdict.UNDETERMINED, stale, claims, lacks)
    if busy := [claim.node for claim in stale if not claim.is_idle]:
        lacks = f"whether {listed(busy)} commits"
        return _of(SplitCause.STALE_LEADER, Verdict.UNDETERMINED, stale, claims, lacks)
    heard = {claim.node: claims.hears(claim.node, claims.backed.node) for claim in stale}
    if None in heard.values():
        links = f"the connects between {listed(tuple(heard))} and {claims.backed.node}"
        return _of(SplitCause.STALE_LEADER, Verdict.CONFIRMED, stale, claims, links)
    cause = SplitCause.STALE_LEADER_STUCK if all(heard.values()) else SplitCause.STALE_LEADER_CUT_OFF
    chosen = [claim for claim in stale if heard[claim.node] is (cause == SplitCause.STALE_LEADER_STUCK)]
    return _of(cause, Verdict.CONFIRMED, chosen, claims)


def _of(
    cause: SplitCause, verdict: Verdict, about: Sequence[Claim], claims: Claims, lacks: str | None = None
) -> Finding:
    return Finding(
        cause=cause,
        verdict=verdict,
        nodes=() if cause is SplitCause.HANDOVER else tuple(claim.node for claim in about),
        evidence_for=(*map(str, claims.all), *_read_besides(claims)),
        would_decide=lacks,
    )


def _read_besides(claims: Claims) -> tuple[str, ...]:
    """Return what else was read of the two sides: who is in which term, and how far each has committed."""
    lead = claims.leadership
    followers = [name for name in lead.acknowledged_by if name != lead.leader]
    verb = "is" if len(followers) == 1 else "are"
    in_its_term = f"{listed(followers, MAX_NAMES)} {verb} in term {lead.term} with {lead.leader} (bot)"
    said = [in_its_term] if followers else []
    if claims.unread:
        said.append(f"{listed(claims.unread, MAX_NAMES)} could not be read, and may claim to lead too")
    return tuple(said)
