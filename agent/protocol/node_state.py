"""The state of a node that actions depend on, before and after them."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from agent.protocol.base import Figure, Name, Whole, Wire
from agent.protocol.readings import Pod, ServiceState

RaftRole = Literal["follower", "candidate", "leader"]


class Raft(Wire, frozen=True, kw_only=True):
    """What the node itself says of its part in Raft."""

    role: RaftRole
    term: Whole


class NodeState(Wire, frozen=True, kw_only=True):
    """The state an action depends on, read fresh; `None` where it could not be read.

    `service_load` is left out where the unit is loaded, as in `Service`, `pod` on a host, and `raft` where no
    action goes by it.
    """

    boot_id: Name
    config_sha256: Name | None = None
    service_state: ServiceState = "unknown"
    service_pid: Whole | None = None
    service_load: Name | UnsetType = UNSET
    # JSON has no form for what is no number, which would be on neither side of a limit.
    offset_ms: Figure | None = None
    offset_error_ms: Figure | None = None
    transactions_active: Whole | None = None
    pod: Pod | UnsetType = UNSET
    raft: Raft | UnsetType = UNSET
