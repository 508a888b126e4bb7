"""What an agent reads of its node: one type per reading, units in every name."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType

from agent.protocol.base import PROTOCOL_VERSION, Wire

ReadingName = Literal["clock", "service", "log", "config", "disk", "metrics", "connects", "pings"]
PortName = Literal["raft", "gossip"]
ConnectResult = Literal["open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"]
ServiceState = Literal["active", "inactive", "failed", "unknown"]

ALL_READINGS: tuple[ReadingName, ...] = (
    "clock",
    "service",
    "log",
    "config",
    "disk",
    "metrics",
    "connects",
    "pings",
)

T = TypeVar("T")


class Read(Wire, Generic[T], frozen=True, kw_only=True):
    """One reading: its value, or in one sentence why there is none.

    `timed_out` says that it failed because a deadline ran out, `refused` because nothing listens there. They
    are left out of every other reading, so that a bot which does not know the fields reads those.
    """

    value: T | None = None
    missing: str | None = None
    took_ms: float = 0.0
    timed_out: bool | UnsetType = UNSET
    refused: bool | UnsetType = UNSET


class Clock(Wire, frozen=True, kw_only=True):
    """This node's clock against NTP, from `chronyc -c tracking` and `timedatectl show`.

    `offset_ms` is how far this clock is ahead of true time (behind is negative). `error_ms` is chrony's
    bound: |system time offset| aside, root_dispersion + root_delay / 2.
    """

    offset_ms: float
    error_ms: float
    synchronised: bool
    source: str
    ntp_service_active: bool | None = None


class Service(Wire, frozen=True, kw_only=True):
    """The Neumann service as the service manager sees it. `started_boottime_s` counts from the boot.

    `restarts` is how often the manager restarted it by itself, `result` how it last ended (`success`,
    `exit-code`, `oom-kill`, `signal`, …).
    """

    state: ServiceState
    pid: int | None = None
    started_boottime_s: float | None = None
    restarts: int | None = None
    result: str | None = None


class Log(Wire, frozen=True, kw_only=True):
    """A summary of the election log, read from its end, bounded in bytes.

    `counts` maps an event name of `agent.readings.reader.LOG_EVENTS` to how often it was seen within
    `window_s` before the newest line; `excerpts` are the newest matching lines, masked and cut;
    `silent_s` is how long the file has not been written.
    """

    path: str
    window_s: float
    bytes_read: int
    counts: dict[str, int]
    highest_term: int | None = None
    excerpts: tuple[str, ...] = ()
    silent_s: float | None = None


class ConfigLine(Wire, frozen=True, kw_only=True):
    """One line of the node's file that holds an election key; `number` counts from 1."""

    number: int
    text: str


class Config(Wire, frozen=True, kw_only=True):
    """The node's configuration file: its hash, the Raft values in it, and the lines they stand on.

    `why_not_editable` says why the agent could not change its election timeouts, whatever their values; it is
    left out where it could, so that a bot that does not know it yet reads such a file. So is `malformed`, of
    a file that is no TOML.
    """

    path: str
    sha256: str
    election_timeout_min_ms: int | None = None
    election_timeout_max_ms: int | None = None
    heartbeat_interval_ms: int | None = None
    peers: tuple[str, ...] = ()
    election_lines: tuple[ConfigLine, ...] = ()
    why_not_editable: Annotated[str, Meta(max_length=1_000)] | UnsetType = UNSET
    malformed: bool | UnsetType = UNSET


class Disk(Wire, frozen=True, kw_only=True):
    """The file system that holds Neumann's log of record.

    `io_stalled_percent` is the share of the last 10 s in which every task waited for the disk
    (`/proc/pressure/io`, `full avg10`); `None` where the kernel does not say. `free_inodes` is left out while
    there are many, `read_only` where it can be written.
    """

    path: str
    free_bytes: int
    total_bytes: int
    io_stalled_percent: float | None = None
    free_inodes: int | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


class MetricsPage(Wire, frozen=True, kw_only=True):
    """The node's own metrics page, read on the node: the lines of tensor_chain metrics alone."""

    content_type: str
    text: Annotated[str, Meta(max_length=65_536)]


class Connect(Wire, frozen=True, kw_only=True):
    """One TCP connect from this node to a peer's port."""

    peer: str
    port: PortName
    result: ConnectResult
    latency_ms: float | None = None


class Ping(Wire, frozen=True, kw_only=True):
    """`ping` from this node to a peer: how many went, how many came back, and the round trip."""

    peer: str
    sent: int
    received: int
    rtt_min_ms: float | None = None
    rtt_avg_ms: float | None = None
    rtt_max_ms: float | None = None


class ObserveRequest(Wire, frozen=True, kw_only=True):
    """Which readings to take; each has its own deadline on the agent, and none waits for another."""

    readings: tuple[ReadingName, ...] = ALL_READINGS


class Observation(Wire, frozen=True, kw_only=True):
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
    disk: Read[Disk] | None = None
    metrics: Read[MetricsPage] | None = None
    connects: Read[tuple[Connect, ...]] | None = None
    pings: Read[tuple[Ping, ...]] | None = None
