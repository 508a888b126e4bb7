"""Hand the leadership on: when that is refused, and how it is seen that this node leads no more."""

from __future__ import annotations

from msgspec import UnsetType

from agent.actions.case import Case
from agent.actions.kind import ActionKind, command
from agent.protocol import NodeState, Raft, TransferLeadership

ACTION_DEADLINE_S = 15.0
"""Neumann gives a transfer up after one second; its command line has that long to be told, and to say so."""


def why_not(case: Case, now: NodeState) -> str | None:
    """Return why the leadership is not handed on."""
    raft, agreed = raft_of(now), raft_of(case.agreed)
    if _to(case) not in {peer.node for peer in case.settings.peers}:
        return f"{_to(case)} is no other node of this cluster: `peers` of the agent does not name it."
    if raft is None or agreed is None:
        return "The node's metrics do not say which role it has, and in which term."
    if raft.role != "leader":
        return f"The node is a {raft.role}; only a leader hands the leadership on."
    if raft.term != agreed.term:
        return f"The node leads term {raft.term} now, not term {agreed.term}."
    return None


def judge(case: Case, after: NodeState) -> bool | None:
    """Judge whether the node has come to follow in a later term: then it leads no more, and somebody stood.

    A node that still leads may be about to hand over, and one that stands itself may lead again at once.
    """
    raft, agreed = raft_of(after), raft_of(case.agreed)
    if raft is None or agreed is None:
        return None
    if raft.role == "leader":
        return False
    return True if raft.role == "follower" and raft.term > agreed.term else None


def stays_follower(_first: NodeState, later: NodeState) -> bool | None:
    """Judge whether it still does not lead: a transfer that is lost may bring the old leader back."""
    raft = raft_of(later)
    return None if raft is None else raft.role != "leader"


def tell(case: Case, after: NodeState) -> str:
    """Put the transfer in words."""
    return f"The node {_said(raft_of(case.agreed), 'was', 'led')} and {_said(raft_of(after), 'is', 'leads')}."


def raft_of(state: NodeState) -> Raft | None:
    """Return role and term of a state, if they were read."""
    return None if isinstance(state.raft, UnsetType) else state.raft


def _said(raft: Raft | None, be: str, lead: str) -> str:
    if raft is None:
        return f"{be} in an unknown role"
    return f"{lead} term {raft.term}" if raft.role == "leader" else f"{be} a {raft.role} in term {raft.term}"


def _to(case: Case) -> str:
    assert isinstance(case.action, TransferLeadership)  # noqa: S101 (tells the type checker)
    return case.action.to


TRANSFER = ActionKind(
    of=TransferLeadership,
    reads=frozenset({"raft"}),
    why_not=why_not,
    run=command(
        lambda case: (str(case.settings.commands.neumann), "raft", "transfer-leadership", "--to", _to(case)),
        within_s=ACTION_DEADLINE_S,
    ),
    judge=judge,
    tell=tell,
    looks=6,
    lasts=stays_follower,
    program="neumann",
    in_pod="A pod's agent has no command line of Neumann's: hand the leadership on by hand (kubectl exec).",
)
