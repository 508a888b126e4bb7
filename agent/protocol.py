"""Wire types between bot and agent: what is asked, what is read, what is granted, what came of it.

Every value has its unit in its name. Unknown is `None` with a reason beside it, never a made-up value.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Generic, Literal, TypeVar

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROTOCOL_VERSION: Literal[1] = 1

ReadingName = Literal["clock", "service", "log", "config", "connects", "pings"]
PortName = Literal["raft", "gossip"]
ConnectResult = Literal["open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"]
ServiceState = Literal["active", "inactive", "failed", "unknown"]
LedgerState = Literal["PREPARED", "INTENT", "DONE", "NOT_DONE", "UNKNOWN", "REJECTED"]

ALL_READINGS: tuple[ReadingName, ...] = ("clock", "service", "log", "config", "connects", "pings")


class Wire(BaseModel):
    """Base of every wire type: immutable, and an unknown field is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="null")


T = TypeVar("T")


class Read(Wire, Generic[T]):
    """One reading: its value, or in one sentence why there is none."""

    value: T | None = None
    missing: str | None = None
    took_ms: float = 0.0


class Clock(Wire):
    """This node's clock against NTP, from `chronyc -c tracking` and `timedatectl show`.

    `offset_ms` is how far this clock is ahead of true time (behind is negative). `error_ms` is chrony's
    bound: |system time offset| aside, root_dispersion + root_delay / 2.
    """

    offset_ms: float
    error_ms: float
    synchronised: bool
    source: str
    ntp_service_active: bool | None = None


class Service(Wire):
    """The Neumann service as the service manager sees it. `started_boottime_s` counts from the boot."""

    state: ServiceState
    pid: int | None = None
    started_boottime_s: float | None = None


class Log(Wire):
    """A summary of the election log, read from its end, bounded in bytes.

    `counts` maps an event name of `agent.readings.LOG_EVENTS` to how often it was seen within
    `window_s` before the newest line; `excerpts` are the newest matching lines, masked and cut.
    """

    path: str
    window_s: float
    bytes_read: int
    counts: dict[str, int]
    highest_term: int | None = None
    excerpts: tuple[str, ...] = ()


class ConfigLine(Wire):
    """One line of the node's file that holds an election key; `number` counts from 1."""

    number: int
    text: str


class Config(Wire):
    """The node's configuration file: its hash, the Raft values in it, and the lines they stand on."""

    path: str
    sha256: str
    election_timeout_min_ms: int | None = None
    election_timeout_max_ms: int | None = None
    heartbeat_interval_ms: int | None = None
    peers: tuple[str, ...] = ()
    election_lines: tuple[ConfigLine, ...] = ()


class Connect(Wire):
    """One TCP connect from this node to a peer's port."""

    peer: str
    port: PortName
    result: ConnectResult
    latency_ms: float | None = None


class Ping(Wire):
    """`ping` from this node to a peer: how many went, how many came back, and the round trip."""

    peer: str
    sent: int
    received: int
    rtt_min_ms: float | None = None
    rtt_avg_ms: float | None = None
    rtt_max_ms: float | None = None


class ObserveRequest(Wire):
    """Which readings to take; each has its own deadline on the agent, and none waits for another."""

    readings: tuple[ReadingName, ...] = ALL_READINGS


class Observation(Wire):
    """What the agent read. A reading that was not asked for is absent (`None`)."""

    protocol: Literal[1] = PROTOCOL_VERSION
    cluster: str
    node: str
    boot_id: str
    boottime_s: float
    clock: Read[Clock] | None = None
    service: Read[Service] | None = None
    log: Read[Log] | None = None
    config: Read[Config] | None = None
    connects: Read[tuple[Connect, ...]] | None = None
    pings: Read[tuple[Ping, ...]] | None = None


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
    offset_ms: float | None = None
    offset_error_ms: float | None = None


class PrepareRequest(Wire):
    """Ask whether an action could be carried out now, and for a nonce to sign."""

    action_id: str = Field(pattern=r"^[0-9a-f]{64}$")
    action: Action


class Prepared(Wire):
    """The agent's challenge: a single-use nonce, and the state the grant must name."""

    nonce: str
    expires_in_s: float
    state: NodeState


class Grant(Wire):
    """Leave for one action, on one node, once. Signed by the bot, checked by the agent at the instant."""

    protocol: Literal[1] = PROTOCOL_VERSION
    action_id: str = Field(pattern=r"^[0-9a-f]{64}$")
    cluster: str
    node: str
    incident: str
    action: Action
    precondition: NodeState
    fence: int = Field(ge=0)
    nonce: str
    confirmed_by: str


class SignedGrant(Wire):
    """A grant as exact bytes (base64 of its JSON) and their Ed25519 signature (base64)."""

    payload: str = Field(max_length=16_384)
    signature: str = Field(max_length=128)


class ActionReport(Wire):
    """What the ledger knows of one action. `detail` is one sentence for a person."""

    action_id: str
    state: LedgerState
    detail: str
    before: NodeState | None = None
    after: NodeState | None = None


class Refusal(Wire):
    """Why the agent will not: a fixed word for programs and one sentence for people."""

    reason: str
    detail: str


class BadGrantError(Exception):
    """The grant does not carry a valid signature of a pinned key."""


def action_id(*, cluster: str, incident: str, generation: int, node: str, action: Action) -> str:
    """Name an action by what it is, so that asking twice is asking for the same one.

    Args:
        cluster: The cluster's name.
        incident: The incident's id.
        generation: Position in the timeline of the plan that was confirmed; a new plan is a new action.
        node: The node it runs on.
        action: The typed action with its parameters.

    Returns:
        64 hexadecimal digits: SHA-256 over the parts, each with its length in front.
    """
    parts = (cluster, incident, str(generation), node, action.model_dump_json())
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def sign(grant: Grant, key: SigningKey) -> SignedGrant:
    """Sign a grant's exact bytes."""
    payload = grant.model_dump_json().encode()
    return SignedGrant(
        payload=base64.b64encode(payload).decode(),
        signature=base64.b64encode(key.sign(payload).signature).decode(),
    )


def open_grant(signed: SignedGrant, pinned: tuple[VerifyKey, ...]) -> Grant:
    """Check a signature against the pinned keys and parse what was signed.

    Raises:
        BadGrantError: If no pinned key signed exactly these bytes, or they are no grant.
    """
    try:
        payload = base64.b64decode(signed.payload, validate=True)
        signature = base64.b64decode(signed.signature, validate=True)
    except ValueError as error:
        raise BadGrantError("The grant is not base64.") from error
    if not any(_signed_by(key, payload, signature) for key in pinned):
        raise BadGrantError("No pinned key signed this grant.")
    try:
        return Grant.model_validate_json(payload)
    except ValidationError as error:
        raise BadGrantError("The signed bytes are no grant of this protocol.") from error


def _signed_by(key: VerifyKey, payload: bytes, signature: bytes) -> bool:
    try:
        key.verify(payload, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True
