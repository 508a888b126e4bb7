"""Whether a past incident is like a new one: by its types, never by its sentences. Pure."""

from __future__ import annotations

from datetime import datetime

from handlers.domain.history.account import Account
from handlers.domain.incident import Incident
from runbooks.all_runbooks import button_of_remedy, needs_no_remedy, title_of_cause
from runbooks.model import SURE, Finding
from runbooks.wording import MAX_NAMES, duration, listed

PRECEDENT = "precedent"
"""The key of the remark that names a past incident."""


def cause_of(incident: Incident) -> Finding | None:
    """Return the cause that a complete reading makes sure of; `None` where there is none or no node in it."""
    if incident.diagnosis is None or incident.evidence is None or not incident.evidence.complete:
        return None
    top = incident.diagnosis.top
    return top if top.verdict in SURE and top.nodes and not needs_no_remedy(top.cause) else None


def is_same_cause(one: Finding | None, other: Finding | None) -> bool:
    """Return whether both are the same cause on the same nodes, whatever was measured of it."""
    if one is None or other is None:
        return one is other
    return one.cause == other.cause and frozenset(one.nodes) == frozenset(other.nodes)


def is_like(incident: Incident, past: Account) -> bool:
    """Return whether the same cause on the same nodes was mended by a remedy that was offered against it."""
    cause = cause_of(incident)
    return (
        cause is not None
        and (past.cluster, past.runbook) == (incident.cluster, incident.runbook)
        and past.cause == cause.cause
        and frozenset(past.nodes) == frozenset(cause.nodes)
        and past.mended_by is not None
        and past.mended_by.plan.remedy in past.remedies
    )


def sentence(past: Account, now: datetime) -> str:
    """Return the remark about a past incident that a new one is like."""
    opened = past.opened_at
    year = "" if opened.year == now.year else f" {opened.year}"
    title = title_of_cause(past.cause or "")
    nodes = "node" if len(past.nodes) == 1 else "nodes"
    remedy = button_of_remedy(past.mended_by.plan.remedy) if past.mended_by else "nothing"
    after = f", well again after {duration(past.mended_after)}" if past.mended_after is not None else ""
    return (
        f"Like {past.id} of {opened.day} {opened:%B}{year}: the same cause ({title}) on the same {nodes}"
        f" ({listed(past.nodes, MAX_NAMES)}), mended by “{remedy}”{after}."
    )
