"""What is asked of an agent, what is granted, and what its ledger says came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from agent.protocol.base import PROTOCOL_VERSION, Figure, FilePath, Name, Sentence, Wire, parse
from agent.protocol.node_state import NodeState

# SQLite's largest integer: a ledger holds no larger fence.
MAX_FENCE = 2**63 - 1

LedgerState = Literal["PREPARED", "INTENT", "DONE", "NOT_DONE", "UNKNOWN", "REJECTED"]
# Not `$`, which would also stand before a line break at the end.
ActionId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
LaterAttempt = Annotated[int, Meta(ge=2, le=100)]
Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=MAX_FENCE)]
Fence = Annotated[int, Meta(ge=0, le=MAX_FENCE)]
TimeoutMs = Annotated[int, Meta(ge=100, le=60_000)]
# A member's id as Slack gives it, in which nothing can hide that two people would read alike.
Member = Annotated[str, Meta(pattern=r"\A[UW][A-Z0-9]{1,31}\Z")]
# A node's name that ends up in an argv: it begins with a letter or digit, so it cannot look like an option.
NodeName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")]
Signature = Annotated[str, Meta(max_length=128)]


class _Action(Wire, frozen=True, kw_only=True, tag_field="type"):
    @property
    def type(self) -> str:
        """Return the action's name, which its JSON begins with."""
        return str(self.__struct_config__.tag)


class ClockSync(_Action, frozen=True, kw_only=True, tag="clock_sync"):
    """Step this node's clock: `chronyc makestep`."""


class SetElectionTimeouts(_Action, frozen=True, kw_only=True, tag="set_election_timeouts"):
    """Write two election timeouts into this node's configuration file."""

    election_timeout_min_ms: TimeoutMs
    election_timeout_max_ms: TimeoutMs


class StartService(_Action, frozen=True, kw_only=True, tag="start_service"):
    """Start the Neumann service where it is stopped."""


class RestartService(_Action, frozen=True, kw_only=True, tag="restart_service"):
    """Restart the running Neumann service."""


class TransferLeadership(_Action, frozen=True, kw_only=True, tag="transfer_leadership"):
    """Hand this node's leadership on to another: `neumann raft transfer-leadership --to NODE`."""

    to: NodeName


Action = ClockSync | SetElectionTimeouts | StartService | RestartService | TransferLeadership


def parse_action(raw: str) -> Action:
    """Read an action of any type.

    Raises:
        BadMessageError: If it is none.
    """
    action: Action = parse(raw, Action)
    return action


class PrepareRequest(Wire, frozen=True, kw_only=True):
    """Ask whether an action could be carried out now, and for a nonce to sign."""

    action_id: ActionId
    action: Action


class UndoRequest(Wire, frozen=True, kw_only=True):
    """Ask for a nonce to undo a change of the configuration file: to put its recorded bytes back.

    `attempt` is left out at the first one, which every agent knows.
    """

    action_id: ActionId
    attempt: LaterAttempt | UnsetType = UNSET


class PlanRequest(Wire, frozen=True, kw_only=True):
    """Ask what a change of the configuration file would write; nothing is written, recorded or promised.

    `undoes` names an action that is to be undone; `action` is then that action.
    """

    action: SetElectionTimeouts
    undoes: ActionId | None = None


class PlannedEdit(Wire, frozen=True, kw_only=True):
    """The edit as the code that writes would make it: the lines that differ, each after `-` or `+`."""

    path: FilePath
    before_sha256: Sha256
    after_sha256: Sha256
    lines: Annotated[tuple[Annotated[str, Meta(max_length=400)], ...], Meta(max_length=64)]


class LedgerMark(Wire, frozen=True, kw_only=True):
    """Which ledger an agent has, and how often it was written to: by these a restored old one is noticed.

    `highest_fence` is the highest that a grant carried out here has named.
    """

    epoch: Name
    count: Count
    highest_fence: Fence = 0

    def follows(self, earlier: LedgerMark) -> bool:
        """Say whether this can be the same ledger, later."""
        return self.epoch == earlier.epoch and self.count >= earlier.count


class Health(Wire, frozen=True, kw_only=True):
    """That the agent is there: of which node, in which boot, with which ledger."""

    node: Name
    boot_id: Name
    ledger: LedgerMark


class Prepared(Wire, frozen=True, kw_only=True):
    """The agent's challenge: a single-use nonce, and the state the grant must name.

    `needs_second_approver` is set where the grant must carry a second person's signature.
    """

    nonce: Name
    expires_in_s: Figure
    state: NodeState
    ledger: LedgerMark | None = None
    needs_second_approver: bool = False


class TimelineMark(Wire, frozen=True, kw_only=True):
    """How far an incident's timeline had come: the number of its events, and the MAC of the last.

    Agents keep the newest of each incident they act for, where nobody who writes to Redis can put it back.
    """

    position: Annotated[int, Meta(ge=1, le=MAX_FENCE)]
    mac: Annotated[str, Meta(max_length=128)]


class Grant(Wire, frozen=True, kw_only=True):
    """Leave for one action, on one node, once. Signed by the bot, checked by the agent at the instant.

    `undoes` names an action that is to be undone; `action` is then that action, and `action_id` the
    `undo_action_id` of it and `attempt`. `after_sha256` is the file that was shown when the edit was
    confirmed; it is left out where no file is changed, so that agents that do not know it yet read such a
    grant. `timeline` is left out for those as well, and `attempt` at the first one.
    """

    protocol: Literal[1] = PROTOCOL_VERSION
    action_id: ActionId
    cluster: Name
    node: Name
    incident: Name
    action: Action
    precondition: NodeState
    fence: Fence
    nonce: Name
    confirmed_by: Member
    second_confirmed_by: Member | None = None
    undoes: ActionId | None = None
    after_sha256: Sha256 | UnsetType = UNSET
    timeline: TimelineMark | UnsetType = UNSET
    attempt: LaterAttempt | UnsetType = UNSET


class Withdrawal(Wire, frozen=True, kw_only=True):
    """The bot's word that it will never grant this action, signed by it as a grant is.

    It can be given before the action was asked for, and as often as wanted.
    """

    protocol: Literal[1] = PROTOCOL_VERSION
    withdrawn: Literal[True] = True
    action_id: ActionId
    cluster: Name
    node: Name
    incident: Name
    action: Action


class SignedWithdrawal(Wire, frozen=True, kw_only=True):
    """A withdrawal as exact bytes (base64 of its JSON) and their Ed25519 signature (base64)."""

    payload: Annotated[str, Meta(max_length=16_384)]
    signature: Signature


class SignedGrant(Wire, frozen=True, kw_only=True):
    """A grant as exact bytes (base64 of its JSON) and their Ed25519 signature (base64).

    `second_signature` is over the same bytes, by a second approver's key.
    """

    payload: Annotated[str, Meta(max_length=16_384)]
    signature: Signature
    second_signature: Signature | None = None


class ActionReport(Wire, frozen=True, kw_only=True):
    """What the ledger knows of one action. `detail` is one sentence for a person."""

    action_id: Name
    state: LedgerState
    detail: Sentence
    before: NodeState | None = None
    after: NodeState | None = None
    ledger: LedgerMark | None = None


class Refusal(Wire, frozen=True, kw_only=True):
    """Why the agent will not: a fixed word for programs and one sentence for people."""

    reason: Name
    detail: Sentence
