"""What can be read of a node: a model for each reading's value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PortName = Literal["raft", "gossip"]
ClockDoubt = Literal["kernel_unsynchronised", "set_back", "stale"]
ClockKeeper = Literal["chrony", "timesyncd", "ntpd"]
PodTrouble = Literal["crash_loop", "image", "container_config", "pending", "starting", "ended", "terminating"]
ConnectResult = Literal["open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"]


def is_none(value: object) -> bool:
    """Return whether a field is left out of a document: what is new is, where it is not known."""
    return value is None


def is_chrony(value: object) -> bool:
    """Return whether a clock's keeper is left out of a document, as it was when there was only one."""
    return value == "chrony"


def is_empty(value: object) -> bool:
    """Return whether a field that lists things is left out of a document."""
    return value == ()


class Frozen(BaseModel):
    """Base of everything that is known: immutable, and an unknown field is an error.

    A number that is none is an error too: JSON has no word for it, so it would not be read again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Clock(Frozen):
    """A node's clock against NTP; `offset_ms` is how far it is ahead, true within `error_ms`.

    `kept_by` is the NTP service that says so. `source` is what it follows; it is empty without one, and the
    service's own word for a local reference. `doubts` says why it may not have noticed that the clock was set
    since its last update.
    """

    offset_ms: float
    error_ms: float
    synchronised: bool
    source: str
    ntp_service_active: bool | None = None
    doubts: Annotated[tuple[ClockDoubt, ...], Field(exclude_if=is_empty)] = ()
    kept_by: Annotated[ClockKeeper, Field(exclude_if=is_chrony)] = "chrony"


class WallClock(Frozen):
    """What a node's wall clock shows by the bot's: `ahead_ms` of it, true within `error_ms`.

    The bot brackets it (Cristian): the node's time was read between sending and receiving.
    """

    ahead_ms: float
    error_ms: float


class Pod(Frozen):
    """The pod that Neumann runs in: `uid` is this very pod's, `container_id` one start of Neumann in it.

    `trouble` is why Neumann does not run there; `mounted_sha256` is its configuration as the pod sees it.
    """

    name: str
    uid: str
    container_id: str | None = None
    ready: bool = False
    trouble: PodTrouble | None = None
    mounted_sha256: str | None = None


class Service(Frozen):
    """The Neumann service on a node, as its service manager sees it.

    `restarts` counts the manager's own restarts; `result` is how it last ended (`oom-kill`, `exit-code`, …);
    `load` is why the manager would not start it (`masked`, `not-found`, `bad-setting`);
    `boot_id` is the host's boot it was read in; `running_s` is for how long the process has run.
    `pod` is there where Kubernetes is the service manager.
    """

    state: Literal["active", "inactive", "failed", "unknown"]
    load: Annotated[str | None, Field(exclude_if=is_none)] = None
    boot_id: str | None = None
    running_s: float | None = None
    pid: int | None = None
    started_boottime_s: float | None = None
    restarts: int | None = None
    result: str | None = None
    pod: Annotated[Pod | None, Field(exclude_if=is_none)] = None

    @property
    def is_startable(self) -> bool:
        """Return whether it is stopped, and nobody has seen to it that it stays so."""
        return self.state in ("inactive", "failed") and self.load is None


class Log(Frozen):
    """What the newest lines of a node's log held: event counts within `window_s`, and excerpts.

    `silent_s` is how long nothing has been written.
    """

    path: str
    window_s: float
    bytes_read: int
    counts: dict[str, int]
    highest_term: int | None = None
    excerpts: tuple[str, ...] = ()
    silent_s: float | None = None


class ConfigLine(Frozen):
    """One line of a configuration file that holds an election key."""

    number: int
    text: str


class Config(Frozen):
    """A node's configuration file: its hash, its Raft values, and the lines they stand on.

    `why_not_editable` says why the agent could not change its election timeouts; `None` where it could.
    `malformed` is a file that is no TOML, so nothing in it could be read.
    """

    path: str
    sha256: str
    election_timeout_min_ms: int | None = None
    election_timeout_max_ms: int | None = None
    heartbeat_interval_ms: int | None = None
    peers: tuple[str, ...] = ()
    election_lines: tuple[ConfigLine, ...] = ()
    why_not_editable: Annotated[str | None, Field(exclude_if=is_none)] = None
    malformed: Annotated[bool | None, Field(exclude_if=is_none)] = None


class Disk(Frozen):
    """The file system of a node's log of record; `io_stalled_percent` of the last 10 s.

    `free_inodes` is given where few are left, `read_only` where nothing can be written at all.
    """

    path: str
    free_bytes: int
    total_bytes: int
    io_stalled_percent: float | None = None
    free_inodes: Annotated[int | None, Field(exclude_if=is_none)] = None
    read_only: Annotated[bool | None, Field(exclude_if=is_none)] = None


class Connect(Frozen):
    """One TCP connect from a node to a peer's port."""

    peer: str
    port: PortName
    result: ConnectResult
    latency_ms: float | None = None


class Ping(Frozen):
    """`ping` from a node to a peer."""

    peer: str
    sent: int
    received: int
    rtt_min_ms: float | None = None
    rtt_avg_ms: float | None = None
    rtt_max_ms: float | None = None

    @property
    def is_possible(self) -> bool:
        """Return whether the counts can be: no more came back than went. What a node says may be anything."""
        return 0 <= self.received <= self.sent


class FullPing(Frozen):
    """`ping` of full size from a node to a peer, which no router may cut into smaller packets.

    `told_mtu_bytes` is a smaller size that the network told of: the node goes by it from then on.
    """

    peer: str
    packet_bytes: int
    sent: int
    received: int
    told_mtu_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None

    @property
    def is_lost(self) -> bool:
        """Return whether all of them were lost without a word, as TCP's packets of this size are as well."""
        return self.sent > 0 and self.received == 0 and self.told_mtu_bytes is None


class Certificate(Frozen):
    """A certificate of a node's Raft port, as it is `served`, or as the configured `file` has it.

    Nobody has verified it. Its dates are seconds since the epoch, `names` its subject's alternative names.
    """

    origin: Literal["served", "file"]
    subject: str
    issuer: str
    not_before_s: float
    not_after_s: float
    names: tuple[str, ...] = ()
