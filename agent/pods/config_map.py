"""One key of one ConfigMap as Neumann's configuration file: read, and changed by compare and set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from agent.errors import ApiConflictError, ApiError, ApiUnansweredError, ConfigFileError
from agent.neumann_config.edit import MAX_CONFIG_BYTES
from agent.pods.api_server import ApiServer
from agent.settings import Settings

READ_WITHIN_S = 1.5
"""A plan is waited for two seconds by the bot."""


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str


class _ConfigMapJson(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] = msgspec.field(default_factory=dict)
    immutable: bool = False


@dataclass(frozen=True)
class ConfigMapKey:
    """`agent.neumann_config.store.ConfigStore` on the ConfigMap that the settings name."""

    settings: Settings

    @property
    def name(self) -> str:
        """Return what people call it."""
        place = self.settings.kubernetes
        return f"ConfigMap {place.config_map}, key {place.config_key}" if place else ""

    async def read(self) -> bytes:
        """Return the text of record, which the pod may not see yet."""
        return self._text_of(await self._object())

    async def replace(self, new: bytes, *, expected_sha256: str) -> None:
        """Set the text, if the ConfigMap is still of the version that had the expected one."""
        found = await self._object()
        if hashlib.sha256(self._text_of(found)).hexdigest() != expected_sha256:
            raise ConfigFileError(f"{self.name} has changed since it was read.")
        await self._write(new, found, dry_run=False)

    async def why_not_editable(self) -> str | None:
        """Return why it could not be changed, asking the API server without changing anything."""
        try:
            found = await self._object()
            if found.immutable:
                return f"{self.name}: the ConfigMap is immutable."
            await self._write(self._text_of(found), found, dry_run=True)
        except (ConfigFileError, ApiError) as error:
            return str(error)
        return None

    async def _write(self, new: bytes, found: _ConfigMapJson, *, dry_run: bool) -> None:
        try:
            version = found.metadata.resource_version
            await self._api.set_text(new.decode(), version, dry_run=dry_run)
        except ApiConflictError as error:
            said = f"{self.name} was changed by somebody else at this moment; nothing was written."
            raise ConfigFileError(said) from error
        except ApiUnansweredError:
            raise  # it may have been written
        except ApiError as error:
            raise ConfigFileError(f"{self.name} cannot be changed: {error}") from error

    async def _object(self) -> _ConfigMapJson:
        try:
            raw = await self._api.config_map(within_s=READ_WITHIN_S)
            return msgspec.json.decode(raw, type=_ConfigMapJson)
        except ApiError as error:
            raise ConfigFileError(f"{self.name} cannot be read: {error}") from error
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise ConfigFileError(f"{self.name} cannot be read: it is no ConfigMap ({error}).") from error

    def _text_of(self, found: _ConfigMapJson) -> bytes:
        assert self.settings.kubernetes is not None  # noqa: S101 (made for a pod alone)
        text = found.data.get(self.settings.kubernetes.config_key)
        if text is None:
            raise ConfigFileError(f"{self.name} is not there, or is no text.")
        raw = text.encode()
        if len(raw) > MAX_CONFIG_BYTES:
            raise ConfigFileError(f"{self.name} is larger than {MAX_CONFIG_BYTES} bytes.")
        return raw

    @property
    def _api(self) -> ApiServer:
        assert self.settings.kubernetes is not None  # noqa: S101 (made for a pod alone)
        return ApiServer(self.settings.kubernetes)
