"""Translate between a run's actions and outcomes and what is said on the wire."""

from __future__ import annotations

import msgspec

from agent import protocol as wire
from handlers.ports import Outcome
from runbooks.model import Action


def on_the_wire(action: Action) -> wire.Action:
    """Return the action as the agents know it; an undo is named by the change that it puts back."""
    fields = action.model_dump(exclude={"node", "undoes"}, exclude_none=True)
    if action.undoes:
        fields["type"] = "set_election_timeouts"
    known: wire.Action = msgspec.convert(fields, wire.Action)
    return known


def outcome_of(report: wire.ActionReport) -> Outcome | None:
    """Return what a ledger entry means for the run; `None` while it is under way."""
    match report.state:
        case "DONE":
            return Outcome("done", report.detail, report.after.config_sha256 if report.after else None)
        case "NOT_DONE":
            return Outcome("not_done", report.detail)
        case "REJECTED":
            return Outcome("rejected", report.detail)
        case "UNKNOWN":
            return Outcome("unknown", report.detail)
        case "PREPARED" | "INTENT":
            return None
