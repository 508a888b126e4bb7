"""Where Neumann's configuration is kept: a file of the host, or a key of a ConfigMap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.neumann_config.edit import read_config_bytes, replace_config
from agent.neumann_config.planned_edit import why_not_editable
from agent.pods.config_map import ConfigMapKey
from agent.settings import Settings


class ConfigStore(Protocol):
    """Neumann's configuration, to be changed as a whole.

    Raises:
        ConfigFileError: From `read` and `replace`, if it cannot be; then it is as it was.
    """

    @property
    def name(self) -> str:
        """Return what people call it."""

    async def read(self) -> bytes:
        """Return its bytes."""

    async def replace(self, new: bytes, *, expected_sha256: str) -> None:
        """Replace it in one step if it still has the expected bytes."""

    async def why_not_editable(self) -> str | None:
        """Return why it could not be changed, whatever to; None if it could."""


def store_of(settings: Settings) -> ConfigStore:
    """Return where this node keeps its configuration."""
    return ConfigMapKey(settings) if settings.kubernetes else ConfigFile(settings.config_file)


@dataclass(frozen=True)
class ConfigFile:
    """A file of the host."""

    path: Path

    @property
    def name(self) -> str:
        """Return its path."""
        return str(self.path)

    async def read(self) -> bytes:
        """Return its bytes; a symbolic link is not followed."""
        return read_config_bytes(self.path).raw

    async def replace(self, new: bytes, *, expected_sha256: str) -> None:
        """Replace it in one step, with mode and owner as they were."""
        # On the event loop on purpose: a thread could outlive its deadline and write later.
        replace_config(self.path, new, expected_sha256=expected_sha256)

    async def why_not_editable(self) -> str | None:
        """Try all that replacing needs, without writing."""
        return await asyncio.to_thread(why_not_editable, self.path)
