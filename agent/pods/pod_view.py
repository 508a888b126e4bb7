"""What a pod's JSON says of Neumann's container in it, in the words that a service has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Pod, PodTrouble, Service, ServiceState
from shared.sanitize import plain

WAITING: dict[str, PodTrouble] = {
    "CrashLoopBackOff": "crash_loop",
    "ErrImagePull": "image",
    "ImagePullBackOff": "image",
    "ErrImageNeverPull": "image",
    "ImageInspectError": "image",
    "InvalidImageName": "image",
    "RegistryUnavailable": "image",
    "CreateContainerConfigError": "container_config",
    "CreateContainerError": "container_config",
    "PreCreateHookError": "container_config",
    "PostStartHookError": "container_config",
    "RunContainerError": "container_config",
}
"""The kubelet's reasons by which a container waits; every other one is a container on its way."""

WORDS: dict[PodTrouble, str] = {
    "crash_loop": "CrashLoopBackOff: Neumann ends again and again",
    "image": "ImagePullBackOff: its image cannot be had",
    "container_config": "CreateContainerConfigError: its container cannot be made",
    "pending": "Pending: it has no place, or its volumes are not there",
    "starting": "its container is being made",
    "ended": "its container has ended",
    "terminating": "it is being deleted",
}
_ENDED = {"OOMKilled": "oom-kill", "Completed": "success", "Error": "exit-code"}
"""systemd's words for how a service ended, which the runbooks know."""


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    uid: str
    deletion_timestamp: str | None = None


class _Running(msgspec.Struct, rename="camel"):
    started_at: datetime | None = None


class _Reason(msgspec.Struct, rename="camel"):
    reason: str = ""
    exit_code: int = 0


class _State(msgspec.Struct):
    running: _Running | None = None
    waiting: _Reason | None = None
    terminated: _Reason | None = None


class _Container(msgspec.Struct, rename="camel"):
    name: str
    ready: bool = False
    restart_count: int = 0
    container_id: str = msgspec.field(default="", name="containerID")
    state: _State = msgspec.field(default_factory=_State)
    last_state: _State = msgspec.field(default_factory=_State)


class _Status(msgspec.Struct, rename="camel"):
    phase: str = ""
    container_statuses: tuple[_Container, ...] = ()


class _PodJson(msgspec.Struct):
    metadata: _Metadata
    status: _Status = msgspec.field(default_factory=_Status)


class _Seen(NamedTuple):
    """The container's state as a service's, and why Neumann does not run, if so."""

    state: ServiceState
    trouble: PodTrouble | None


def service_in(raw: bytes, container: str, *, mounted_sha256: str | None, boottime_s: float) -> Service:
    """Return Neumann's container as a service; what Kubernetes could not start has the reason as its `load`.

    Raises:
        ReadingError: If it is no pod's JSON.
    """
    try:
        pod = msgspec.json.decode(raw, type=_PodJson)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ReadingError(plain(f"The API server's answer is no pod: {error}.", limit=300)) from error
    own = next((each for each in pod.status.container_statuses if each.name == container), None)
    seen = _seen(pod, own)
    waiting = own.state.waiting.reason if own and own.state.waiting else ""
    running = own.state.running if own else None
    return Service(
        state=seen.state,
        load=plain(waiting, limit=40) if seen.trouble in ("image", "container_config") else UNSET,
        started_boottime_s=_on_boot_clock(running.started_at, boottime_s) if running else None,
        restarts=own.restart_count if own else None,
        result=_how_it_ended(own) if own else None,
        pod=Pod(
            name=plain(pod.metadata.name, limit=255),
            uid=plain(pod.metadata.uid, limit=100),
            container_id=(plain(own.container_id, limit=200) or None) if own else None,
            ready=bool(own and own.ready and seen.trouble is None),
            trouble=seen.trouble or UNSET,
            mounted_sha256=mounted_sha256,
        ),
    )


def _seen(pod: _PodJson, own: _Container | None) -> _Seen:
    if pod.metadata.deletion_timestamp is not None:
        return _Seen("unknown", "terminating")
    if own is None:
        return _Seen("unknown", "pending")
    if own.state.running is not None:
        return _Seen("active", None)
    if own.state.terminated is not None:
        return _Seen("failed" if own.state.terminated.exit_code else "inactive", "ended")
    reason = own.state.waiting.reason if own.state.waiting else ""
    if reason in WAITING:
        return _Seen("failed", WAITING[reason])
    return _Seen("unknown", "starting")


def _how_it_ended(own: _Container) -> str | None:
    ended = own.state.terminated or own.last_state.terminated
    return None if ended is None else plain(_ENDED.get(ended.reason, ended.reason), limit=40) or None


def _on_boot_clock(started_at: datetime | None, boottime_s: float) -> float | None:
    """Return when it started in seconds since the boot; None where the wall clock has been set since."""
    if started_at is None or started_at.tzinfo is None:
        return None
    ago_s = (datetime.now(UTC) - started_at).total_seconds()
    return boottime_s - ago_s if 0 <= ago_s <= boottime_s else None
