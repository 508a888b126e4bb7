"""Take the readings of a pod: its own network and files, and Kubernetes for what systemd says on a host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from agent.boot import boottime_s
from agent.errors import ConfigFileError, ReadingError
from agent.mounts import is_mount_point
from agent.neumann_config.edit import read_config_bytes
from agent.neumann_config.read import parse_config
from agent.neumann_config.store import store_of
from agent.pods.api_server import ApiServer
from agent.pods.pod_view import service_in
from agent.protocol import Clock, Config, Read, Service
from agent.readings.reader import GRACE_S, NodeReader, take, take_in_thread
from agent.settings import Kubernetes, Settings

CLOCK_BY_HAND = (
    "The clock is that of the pod's host: see and step it there, by hand (chronyc tracking, makestep)."
)


def reader_of(settings: Settings, offered: Callable[[Settings], tuple[str, ...]] | None = None) -> NodeReader:
    """Return what reads the node that the settings describe, a pod or a host."""
    if settings.kubernetes:
        return PodReader(settings, settings.kubernetes, offered)
    return NodeReader(settings, offered)


class PodReader(NodeReader):
    """Reads the pod that the settings name."""

    def __init__(
        self,
        settings: Settings,
        kubernetes: Kubernetes,
        offered: Callable[[Settings], tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(settings, offered)
        self._container = kubernetes.container
        self._api = ApiServer(kubernetes)
        self._store = store_of(settings)

    async def _clock(self) -> Read[Clock]:
        return Read(missing=CLOCK_BY_HAND)

    async def _service(self) -> Read[Service]:
        return await take(self._read_service(), self._settings.deadlines.service + GRACE_S)

    async def _read_service(self) -> Service:
        raw = await self._api.pod(within_s=self._settings.deadlines.service)
        mounted = _mounted_sha256(self._settings.config_file)
        return service_in(raw, self._container, mounted_sha256=mounted, boottime_s=boottime_s())

    async def _config(self) -> Read[Config]:
        path = self._settings.config_file
        return await take_in_thread(lambda: _mounted_config(path), self._settings.deadlines.config)

    async def _config_sha256(self) -> Read[str]:
        """Return the hash of the text of record, which is what an action changes."""
        return await take(self._text_sha256(), self._settings.deadlines.config + GRACE_S)

    async def _text_sha256(self) -> str:
        try:
            return hashlib.sha256(await self._store.read()).hexdigest()
        except ConfigFileError as error:
            raise ReadingError(str(error)) from error


def _mounted_sha256(path: Path) -> str | None:
    try:
        return read_config_bytes(path, follow_links=True).sha256
    except ConfigFileError:
        return None


def _mounted_config(path: Path) -> Config:
    try:
        found = read_config_bytes(path, follow_links=True)
    except ConfigFileError as error:
        raise ReadingError(str(error)) from error
    config = parse_config(path, found.raw, sha256=found.sha256)
    why = f"{path} is mounted by subPath, so the pod never sees a change of its ConfigMap."
    return replace(config, why_not_editable=why if is_mount_point(path) else UNSET)
