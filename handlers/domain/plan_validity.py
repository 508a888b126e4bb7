"""Decide whether a plan still holds: it is bound to the evidence it was drawn up on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.domain.events.remediation import PlanProposed
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from runbooks.evidence import Evidence
from runbooks.planning.node_check import leadership
from runbooks.plans import Binding

CONFIRM_WITHIN = timedelta(minutes=10)
"""How long a plan that was shown may be confirmed: long enough to read, short enough to be true."""

BEGIN_WITHIN = timedelta(minutes=30)
"""How long after its confirmation a run may begin an action: one that was down for days does not go on."""

BEGIN_WITHIN_A_NODE = timedelta(minutes=2)
"""... and a run over many nodes gets this for each of them."""

_SHOWN_ANEW = "here it is as it is now"


@dataclass(frozen=True)
class Void:
    """Why a plan may no longer be confirmed (without a full stop), and what is shown instead."""

    reason: str
    instead: str = ""

    @property
    def sentence(self) -> str:
        """Return the whole sentence, as the clicker reads it."""
        return f"{self.reason}; {self.instead}." if self.instead else f"{self.reason}."


def begin_within(run: Run) -> timedelta:
    """Return how long after its confirmation a run may begin an action."""
    return max(BEGIN_WITHIN, len(run.plan.nodes) * BEGIN_WITHIN_A_NODE)


def why_void(proposal: PlanProposed, incident: Incident, now: datetime, life: str) -> Void | None:
    """Return why a plan may not be confirmed any more; `None` where it still holds.

    Args:
        proposal: The plan that was shown, and when.
        incident: The incident as it is now.
        now: The present time.
        life: The store's life now. In another one than the plan was shown in, what was confirmed and done
            since may be forgotten.
    """
    plan = proposal.plan
    if plan.bound.cluster not in (None, incident.cluster):
        return Void(
            f"This plan was drawn up for {plan.bound.cluster}, and the incident is of {incident.cluster}"
        )
    if proposal.life != life:
        return Void("Redis was restarted, moved or put back since this plan was shown", _SHOWN_ANEW)
    if now - proposal.at > CONFIRM_WITHIN:
        return Void("This plan is older than ten minutes", _SHOWN_ANEW)
    leads = _leader_now(incident)
    if leads is not None and leads != (plan.bound.leader, plan.bound.term):
        leader, term = leads
        return Void(f"The cluster has moved since: {leader} leads term {term}") if leader else None
    return _changed(plan.bound, incident.evidence) if incident.evidence else None


def _leader_now(incident: Incident) -> tuple[str | None, int | None] | None:
    """Return the leader by the newest look or reading; `None` where nobody has been seen to lead."""
    seen, read = incident.leader_seen, incident.evidence
    if seen and (incident.evidence_at is None or seen.at >= incident.evidence_at):
        lead = seen.leadership
    elif read:
        lead = leadership(read)
    else:
        return None
    return (lead.leader, lead.term) if lead.leader and lead.majority else None


def _changed(bound: Binding, evidence: Evidence) -> Void | None:
    if evidence.started_at <= bound.evidence_at:
        return None  # an undo is bound to files that this reading, from before the run, does not know
    for node in evidence.nodes:
        config, service = node.config.value, node.service.value
        if config and bound.config_sha256.get(node.node, config.sha256) != config.sha256:
            return Void(f"The configuration of {node.node} has changed since the plan was drawn up")
        if service and service.boot_id and bound.boot_ids.get(node.node, service.boot_id) != service.boot_id:
            return Void(f"{node.node} was rebooted since the plan was drawn up")
    return None
