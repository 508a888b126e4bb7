"""What is asked of an agent, what is granted, and what its ledger says came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from agent.protocol.base import PROTOCOL_VERSION, Wire
from agent.protocol.readings import ServiceState

# SQLite's largest integer: a ledger holds no larger fence.
MAX_FENCE = 2**63 - 1

LedgerState = Literal["PREPARED", "INTENT", "DONE", "NOT_DONE", "UNKNOWN", "REJECTED"]


class ClockSync(Wire):
    """Step this node's clock: `chronyc makestep`."""

    type: Literal["clock_sync"] = "clock_sync"


class SetElectionTimeouts(Wire):
    """Write two election timeouts into this node's configuration file."""

    type: Literal["set_election_timeouts"] = "set_election_timeouts"
    election_timeout_min_ms: int = Field(ge=100, le=60_000)
    election_timeout_max_ms: int = Field(ge=100, le=60_000)


class StartService(Wire):
    """Start the Neumann service where it is stopped."""

    type: Literal["start_service"] = "start_service"


class RestartService(Wire):
    """Restart the running Neumann service."""

    type: Literal["restart_service"] = "restart_service"


Action = Annotated[
    ClockSync | SetElectionTimeouts | StartService | RestartService, Field(discriminator="type")
]


class NodeState(Wire):
    """The state an action depends on, read fresh; `None` where it could not be read."""

    boot_id: str
    config_sha256: str | None = None
    service_state: ServiceState = "unknown"
    service_pid: int | None = None
    # Not a number is on neither side of a limit, so none is let in.
    offset_ms: FiniteFloat | None = None
    offset_error_ms: FiniteFloat | None = None
    transactions_active: int | None = None


class PrepareRequest(Wire):
    """Ask whether an action could be carried out now, and for a nonce to sign."""

    action_id: str = Field(pattern=r"^[0-9a-f]{64}$")
    action: Action


class UndoRequest(Wire):
    """Ask for a nonce to undo a change of the configuration file: to put its recorded bytes back."""

    action_id: str = Field(pattern=r"^[0-9a-f]{64}$")


class LedgerMark(Wire):
    """Which ledger an agent has, and how often it was written to: by these a restored old one is noticed.

    `highest_fence` is the highest that a grant carried out here has named.
    """

    epoch: str
    count: int = Field(ge=0)
    highest_fence: int = Field(default=0, ge=0)

    def follows(self, earlier: LedgerMark) -> bool:
        """Say whether this can be the same ledger, later."""
        return self.epoch == earlier.epoch and self.count >= earlier.count


class Health(Wire):
    """That the agent is there: of which node, in which boot, with which ledger."""

    node: str
    boot_id: str
    ledger: LedgerMark


class Prepared(Wire):
    """The agent's challenge: a single-use nonce, and the state the grant must name.

    `needs_second_approver` is set where the grant must carry a second person's signature.
    """

    nonce: str
    expires_in_s: float
    state: NodeState
    ledger: LedgerMark | None = None
    needs_second_approver: bool = False


class Grant(Wire):
    """Leave for one action, on one node, once. Signed by the bot, checked by the agent at the instant.

    `undoes` names an action that is to be undone; `action` is then that action, and `action_id` the
    `undo_action_id` of it.
    """

    protocol: Literal[1] = PROTOCOL_VERSION
    action_id: str = Field(pattern=r"^[0-9a-f]{64}$")
    cluster: str
    node: str
    incident: str
    action: Action
    precondition: NodeState
    fence: int = Field(ge=0, le=MAX_FENCE)
    nonce: str
    confirmed_by: str
    second_confirmed_by: str | None = None
    undoes: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class SignedGrant(Wire):
    """A grant as exact bytes (base64 of its JSON) and their Ed25519 signature (base64).

    `second_signature` is over the same bytes, by a second approver's key.
    """

    payload: str = Field(max_length=16_384)
    signature: str = Field(max_length=128)
    second_signature: str | None = Field(default=None, max_length=128)


class ActionReport(Wire):
    """What the ledger knows of one action. `detail` is one sentence for a person."""

    action_id: str
    state: LedgerState
    detail: str
    before: NodeState | None = None
    after: NodeState | None = None
    ledger: LedgerMark | None = None


class Refusal(Wire):
    """Why the agent will not: a fixed word for programs and one sentence for people."""

    reason: str
    detail: str
