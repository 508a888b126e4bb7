"""Translate between a run's actions and outcomes and what is said on the wire."""

from __future__ import annotations

import msgspec

from agent import protocol as wire
from handlers.ports import Order, Outcome, Readiness
from runbooks.plans import Action


def on_the_wire(action: Action) -> wire.Action:
    """Return the action as the agents know it; an undo is named by the change that it puts back."""
    fields = action.model_dump(exclude={"node", "undoes", "attempt"}, exclude_none=True)
    if action.undoes:
        fields["type"] = "set_election_timeouts"
    known: wire.Action = msgspec.convert(fields, wire.Action)
    return known


def action_id_of(order: Order) -> str:
    """Return the action's id, a hash of what it is."""
    if order.action.undoes:
        return wire.undo_action_id(order.action.undoes, attempt_of(order.action))
    return wire.action_id(
        cluster=order.cluster,
        incident=order.incident,
        generation=order.generation,
        node=order.action.node,
        action=on_the_wire(order.action),
    )


def attempt_of(action: Action) -> int | msgspec.UnsetType:
    """Return the attempt to undo as the agents know it: of a first one older agents know nothing."""
    return action.attempt if action.attempt > 1 else msgspec.UNSET


def undo_request_of(action: Action) -> wire.UndoRequest | None:
    """Return the request for a nonce to undo; `None` of any other action."""
    undoes = action.undoes
    return wire.UndoRequest(action_id=undoes, attempt=attempt_of(action)) if undoes else None


def prepare_request_of(order: Order) -> wire.PrepareRequest:
    """Return the request for a nonce, by which an older agent closes an action too."""
    return wire.PrepareRequest(action_id=action_id_of(order), action=on_the_wire(order.action))


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


def grant_of(order: Order, readiness: Readiness, *, names_second: bool, names_timeline: bool) -> wire.Grant:
    """Return the grant for an order that the node is ready for.

    Args:
        order: What is to be done.
        readiness: The agent's nonce, and the state that the grant is bound to.
        names_second: Whether there is a key by which a second approver is named.
        names_timeline: Whether the agent keeps how far timelines have come; an older one refuses the field.
    """
    known = names_timeline and order.position
    return wire.Grant(
        action_id=readiness.action_id,
        cluster=order.cluster,
        node=order.action.node,
        incident=order.incident,
        action=on_the_wire(order.action),
        precondition=wire.NodeState.from_json(readiness.state),
        fence=order.fence,
        nonce=readiness.nonce,
        confirmed_by=order.confirmed_by,
        second_confirmed_by=order.approved_by if names_second else None,
        undoes=order.action.undoes,
        after_sha256=order.after_sha256 or msgspec.UNSET,
        timeline=wire.TimelineMark(position=order.position, mac=order.mac) if known else msgspec.UNSET,
        attempt=attempt_of(order.action),
    )


def withdrawal_of(order: Order) -> wire.Withdrawal:
    """Return the word that this order's action will never be granted."""
    return wire.Withdrawal(
        action_id=action_id_of(order),
        cluster=order.cluster,
        node=order.action.node,
        incident=order.incident,
        action=on_the_wire(order.action),
    )
