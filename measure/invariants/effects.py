"""What an agent sees, is granted and does, and the truth at that instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handlers.ports import Order

Fate = Literal["request_delayed", "answer_lost", "agent_dies_before", "agent_dies_after"]
State = Literal["PREPARED", "INTENT", "DONE", "NOT_DONE", "REJECTED", "UNKNOWN"]


@dataclass(frozen=True)
class Seen:
    """What an agent reads of its node, and a grant is bound to."""

    boot_id: str
    sha256: str
    active: bool
    pid: int
    offset_ms: float


@dataclass
class Entry:
    """One action in a ledger; it is under way until `until_s`."""

    order: Order
    agreed: Seen
    state: State = "PREPARED"
    detail: str = "Asked for, not confirmed."
    until_s: float = 0.0
    file_before: tuple[int, int, str] | None = None
    sha256_after: str = ""


@dataclass(frozen=True)
class Read:
    """A reading of the whole cluster, as a bot had it: which nodes could truly be spared then."""

    at_s: float
    spared: frozenset[str]


@dataclass(frozen=True)
class Grant:
    """A commit on its way; `read` is the sender's newest reading, `sent_s` when it left."""

    order: Order
    action_id: str
    nonce: str
    agreed: Seen
    sent_s: float
    read: Read | None


@dataclass(frozen=True)
class Effect:
    """What was really done to a node, and the truth at that instant."""

    at_s: float
    grant: Grant
    before: Seen
    left_sha256: str
    spared: bool
    spared_but_for_us: bool

    @property
    def order(self) -> Order:
        """Return what it was done for."""
        return self.grant.order

    @property
    def node(self) -> str:
        """Where."""
        return self.order.action.node
