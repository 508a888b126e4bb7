"""One node of a lab as seen from outside: where it is, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from lab.layout import Address, NodeAddresses
from lab.node.clock import read_offset_ms, write_offset_ms
from lab.node.settings import CONFIG_FILE, DATA_FOLDER, LOG_FILE


@dataclass(frozen=True)
class LabNode:
    """A node's name, folder and addresses."""

    name: str
    folder: Path
    raft: Address
    gossip: Address
    metrics: Address
    agent: Address

    @classmethod
    def at(cls, addresses: NodeAddresses, folder: Path) -> LabNode:
        """Return the node at these addresses, with its own folder in `folder`."""
        return cls(folder=folder / addresses.name, **vars(addresses))

    @property
    def address(self) -> str:
        """Return the node's host."""
        return self.raft.host

    @property
    def metrics_url(self) -> str:
        """Return where /metrics and /health are."""
        return f"http://{self.metrics}"

    @property
    def agent_url(self) -> str:
        """Return where the node's agent answers."""
        return f"https://{self.agent}"

    @property
    def config_file(self) -> Path:
        """Return Neumann's configuration."""
        return self.folder / CONFIG_FILE

    @property
    def data_folder(self) -> Path:
        """Return where Raft keeps its log of record."""
        return self.folder / DATA_FOLDER

    @property
    def log_file(self) -> Path:
        """Return Neumann's log."""
        return self.folder / LOG_FILE

    @property
    def clock_offset_ms(self) -> float:
        """Return how far the node's virtual clock is ahead, in milliseconds."""
        return read_offset_ms(self.folder)

    def set_clock_offset_ms(self, offset_ms: float) -> None:
        """Set how far the node's virtual clock is ahead, in milliseconds."""
        write_offset_ms(self.folder, offset_ms)

    def command(self, name: str) -> Path:
        """Return the node's own `chronyc`, `timedatectl`, `systemctl`, `neumann` or `ping`."""
        return self.folder / "bin" / name

    async def health(self, http: httpx.AsyncClient) -> dict[str, int | str]:
        """Return what /health says, empty where nothing answers."""
        try:
            body: dict[str, int | str] = (await http.get(f"{self.metrics_url}/health")).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return body
