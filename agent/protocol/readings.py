"""What an agent reads of its node: one type per reading, units in every name."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType

from agent.protocol.base import PROTOCOL_VERSION, Figure, FilePath, Name, Sentence, Whole, Wire
from agent.protocol.certificates import Certificate

ReadingName = Literal[
    "clock", "service", "log", "config", "disk", "metrics", "connects", "pings",
    "certificates", "full_pings", "actions",
]  # fmt: skip
PortName = Literal["raft", "gossip"]
ConnectResult = Literal["open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"]
ServiceState = Literal["active", "inactive", "failed", "unknown"]
ClockDoubt = Literal["kernel_unsynchronised", "set_back", "stale"]
ClockKeeper = Literal["chrony", "timesyncd", "ntpd"]
PodTrouble = Literal["crash_loop", "image", "container_config", "pending", "starting", "ended", "terminating"]

FIRST_READINGS: tuple[ReadingName, ...] = (
    *("clock", "service", "log", "config", "disk", "metrics", "connects", "pings"),
)
"""What agents below revision 2 take; they refuse a request that names another one."""

SECOND_READINGS: tuple[ReadingName, ...] = (*FIRST_READINGS, "certificates", "full_pings")
"""What those of revision 2 take."""

ALL_READINGS: tuple[ReadingName, ...] = (*SECOND_READINGS, "actions")

T = TypeVar("T")

MAX_PEERS = 512


class Read(Wire, Generic[T], frozen=True, kw_only=True):
    """One reading: its value, or in one sentence why there is none.

    `timed_out` says that it failed because a deadline ran out, `refused` because nothing listens there, and
    `not_permitted` because the agent's user has no right to it. They are left out of every other reading, so
    that a bot which does not know the fields reads those.
    """

    value: T | None = None
    missing: Sentence | None = None
    took_ms: Figure = 0.0
    timed_out: bool | UnsetType = UNSET
    refused: bool | UnsetType = UNSET
    not_permitted: bool | UnsetType = UNSET


class Clock(Wire, frozen=True, kw_only=True):
    """This node's clock against NTP, as the service that keeps it says, and `timedatectl show`.

    `offset_ms` is how far this clock is ahead of true time (behind is negative). `error_ms` is the service's
    bound: root dispersion + root delay / 2, and for timesyncd what it may have corrected since.

    `doubts` says why the service may not know of a jump since its last update: the kernel holds the clock for
    unsynchronised, that update lies in the future, or long back. It is left out where nothing does, and
    `kept_by` where chrony keeps the clock, so that an older bot reads such a clock.
    """

    offset_ms: Figure
    error_ms: Figure
    synchronised: bool
    source: Name
    ntp_service_active: bool | None = None
    doubts: Annotated[tuple[ClockDoubt, ...], Meta(max_length=8)] | UnsetType = UNSET
    kept_by: ClockKeeper | UnsetType = UNSET


class WallClock(Wire, frozen=True, kw_only=True):
    """What this node's wall clock shows right now, in seconds since the epoch.

    Whoever asks brackets it between sending and receiving, and so reads the clock without trusting NTP.
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
    """A summary of the election log, read from its end, bounded in bytes; `path` may be `journal:UNIT`.

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


class FullPing(Wire, frozen=True, kw_only=True):
    """Pings of full size from this node to a peer, which routers may not cut into smaller ones.

    `packet_bytes` is their size as IP packets: the MTU that this node's kernel goes by towards the peer.
    `told_mtu_bytes` is a smaller one that the network told of, by which the kernel goes from then on; it is
    left out where none was told. What is lost without a word, TCP loses as well.
    """

    peer: Name
    packet_bytes: Whole
    sent: Whole
    received: Whole
    told_mtu_bytes: Whole | UnsetType = UNSET


class ObserveRequest(Wire, frozen=True, kw_only=True):
    """Which readings to take; each has its own deadline on the agent, and none waits for another."""

    readings: Annotated[tuple[ReadingName, ...], Meta(max_length=64)] = ALL_READINGS


class Observation(Wire, frozen=True, kw_only=True):
    """What the agent read. A reading that was not asked for is absent (`None`, or left out).

    `certificates` has none where the node's configuration names no TLS. `actions` are the names of those that
    this agent carries out at all, whatever the node's state.
    """

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
    certificates: Read[Annotated[tuple[Certificate, ...], Meta(max_length=8)]] | UnsetType = UNSET
    full_pings: Read[Annotated[tuple[FullPing, ...], Meta(max_length=MAX_PEERS)]] | UnsetType = UNSET
    actions: Read[Annotated[tuple[Name, ...], Meta(max_length=64)]] | UnsetType = UNSET
