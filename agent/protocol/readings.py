"""What an agent reads of its node: one type per reading, units in every name."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType

from agent.protocol.base import PROTOCOL_VERSION, Figure, FilePath, Name, Sentence, Whole, Wire

ReadingName = Literal["clock", "service", "log", "config", "disk", "metrics", "connects", "pings"]
PortName = Literal["raft", "gossip"]
ConnectResult = Literal["open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"]
ServiceState = Literal["active", "inactive", "failed", "unknown"]
ClockDoubt = Literal["kernel_unsynchronised", "set_back", "stale"]
PodTrouble = Literal["crash_loop", "image", "container_config", "pending", "starting", "ended", "terminating"]

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

MAX_PEERS = 512


class Read(Wire, Generic[T], frozen=True, kw_only=True):
    """One reading: its value, or in one sentence why there is none.

    `timed_out` says that it failed because a deadline ran out, `refused` because nothing listens there. They
    are left out of every other reading, so that a bot which does not know the fields reads those.
    """

    value: T | None = None
    missing: Sentence | None = None
    took_ms: Figure = 0.0
    timed_out: bool | UnsetType = UNSET
    refused: bool | UnsetType = UNSET


class Clock(Wire, frozen=True, kw_only=True):
    """This node's clock against NTP, from `chronyc -c tracking` and `timedatectl show`.

    `offset_ms` is how far this clock is ahead of true time (behind is negative). `error_ms` is chrony's
    bound: |system time offset| aside, root_dispersion + root_delay / 2.

    `doubts` says why chronyd may not know of a jump since its last update: the kernel holds the clock for
    unsynchronised, that update lies in the future, or long back. It is left out where nothing does, so that
    an older bot reads such a clock.
    """

    offset_ms: Figure
    error_ms: Figure
    synchronised: bool
    source: Name
    ntp_service_active: bool | None = None
    doubts: Annotated[tuple[ClockDoubt, ...], Meta(max_length=8)] | UnsetType = UNSET


class WallClock(Wire, frozen=True, kw_only=True):
    """What this node's wall clock shows right now, in seconds since the epoch.

    Whoever asks brackets it between sending and receiving, and so reads the clock without trusting chronyd.
    """

    boot_id: Name
    wall_s: Figure


class Pod(Wire, frozen=True, kw_only=True):
    """The pod that Neumann runs in: `uid` is this very pod's, `container_id` one start of Neumann in it.

    `ready` is the readiness that Kubernetes sees, `trouble` why Neumann does not run there, left out where
    it does. `mounted_sha256` is the configuration file as the pod sees it: a changed ConfigMap takes up to
    a minute to get there.
    """

    name: Name
    uid: Name
    container_id: Name | None = None
    ready: bool = False
    trouble: PodTrouble | UnsetType = UNSET
    mounted_sha256: Name | None = None


class Service(Wire, frozen=True, kw_only=True):
    """The Neumann service as the service manager sees it. `started_boottime_s` counts from the boot.

    `restarts` is how often the manager restarted it by itself, `result` how it last ended (`success`,
    `exit-code`, `oom-kill`, `signal`, …). `load` is why the manager would not start it (`masked`,
    `not-found`, `bad-setting`); it is left out where the unit is loaded. `pod` is left out of a host's.
    """

    state: ServiceState
    load: Name | UnsetType = UNSET
    pid: Whole | None = None
    started_boottime_s: Figure | None = None
    restarts: Whole | None = None
    result: Name | None = None
    pod: Pod | UnsetType = UNSET


class Log(Wire, frozen=True, kw_only=True):
    """A summary of the election log, read from its end, bounded in bytes.

    `counts` maps an event name of `agent.readings.reader.LOG_EVENTS` to how often it was seen within
    `window_s` before the newest line; `excerpts` are the newest matching lines, masked and cut;
    `silent_s` is how long the file has not been written.
    """

    path: FilePath
    window_s: Figure
    bytes_read: Whole
    counts: Annotated[dict[Name, Whole], Meta(max_length=64)]
    highest_term: Whole | None = None
    excerpts: Annotated[tuple[Sentence, ...], Meta(max_length=16)] = ()
    silent_s: Figure | None = None


class ConfigLine(Wire, frozen=True, kw_only=True):
    """One line of the node's file that holds an election key; `number` counts from 1."""

    number: Whole
    text: Sentence


class Config(Wire, frozen=True, kw_only=True):
    """The node's configuration file: its hash, the Raft values in it, and the lines they stand on.

    `why_not_editable` says why the agent could not change its election timeouts, whatever their values; it is
    left out where it could, so that a bot that does not know it yet reads such a file. So is `malformed`, of
    a file that is no TOML.
    """

    path: FilePath
    sha256: Name
    election_timeout_min_ms: Whole | None = None
    election_timeout_max_ms: Whole | None = None
    heartbeat_interval_ms: Whole | None = None
    peers: Annotated[tuple[Name, ...], Meta(max_length=MAX_PEERS)] = ()
    election_lines: Annotated[tuple[ConfigLine, ...], Meta(max_length=32)] = ()
    why_not_editable: Annotated[str, Meta(max_length=1_000)] | UnsetType = UNSET
    malformed: bool | UnsetType = UNSET


class Disk(Wire, frozen=True, kw_only=True):
    """The file system that holds Neumann's log of record.

    `io_stalled_percent` is the share of the last 10 s in which every task waited for the disk
    (`/proc/pressure/io`, `full avg10`); `None` where the kernel does not say. `free_inodes` is left out while
    there are many, `read_only` where it can be written.
    """

    path: FilePath
    free_bytes: Whole
    total_bytes: Whole
    io_stalled_percent: Figure | None = None
    free_inodes: Whole | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


class MetricsPage(Wire, frozen=True, kw_only=True):
    """The node's own metrics page, read on the node: the lines of tensor_chain metrics alone."""

    content_type: Name
    text: Annotated[str, Meta(max_length=65_536)]


class Connect(Wire, frozen=True, kw_only=True):
    """One TCP connect from this node to a peer's port."""

    peer: Name
    port: PortName
    result: ConnectResult
    latency_ms: Figure | None = None


class Ping(Wire, frozen=True, kw_only=True):
    """`ping` from this node to a peer: how many went, how many came back, and the round trip."""

    peer: Name
    sent: Whole
    received: Whole
    rtt_min_ms: Figure | None = None
    rtt_avg_ms: Figure | None = None
    rtt_max_ms: Figure | None = None


class ObserveRequest(Wire, frozen=True, kw_only=True):
    """Which readings to take; each has its own deadline on the agent, and none waits for another."""

    readings: Annotated[tuple[ReadingName, ...], Meta(max_length=64)] = ALL_READINGS


class Observation(Wire, frozen=True, kw_only=True):
    """What the agent read. A reading that was not asked for is absent (`None`)."""

    protocol: Literal[1] = PROTOCOL_VERSION
    cluster: Name
    node: Name
    boot_id: Name
    boottime_s: Figure
    clock: Read[Clock] | None = None
    service: Read[Service] | None = None
    log: Read[Log] | None = None
    config: Read[Config] | None = None
    disk: Read[Disk] | None = None
    metrics: Read[MetricsPage] | None = None
    connects: Read[Annotated[tuple[Connect, ...], Meta(max_length=2 * MAX_PEERS)]] | None = None
    pings: Read[Annotated[tuple[Ping, ...], Meta(max_length=MAX_PEERS)]] | None = None
