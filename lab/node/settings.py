"""What a node process is told: Neumann's own config.toml, and the lab's part beside it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from lab.layout import RAFT_PORT, Address
from lab.node.tracing import LogFormat

MetricsShape = Literal["state_label", "active_only", "number", "raft_state_label"]

CONFIG_FILE = "config.toml"
LAB_FILE = "lab.toml"
LOG_FILE = "tensor_chain.log"
DATA_FOLDER = "data"


@dataclass(frozen=True)
class PeerSettings:
    """A peer under its documented name, and where this node's links to it begin."""

    name: str
    id: str
    raft: Address
    gossip: Address


@dataclass(frozen=True)
class NodeSettings:
    """Everything a node process obeys."""

    folder: Path
    name: str
    id: str
    raft: Address
    gossip: Address
    metrics: Address
    peers: tuple[PeerSettings, ...]
    election_timeout_min_ms: int
    election_timeout_max_ms: int
    heartbeat_interval_ms: int
    ping_interval_ms: int
    suspect_timeout_ms: int
    skew_limit_ms: int
    metrics_shape: MetricsShape
    log_format: LogFormat

    @property
    def log_file(self) -> Path:
        """Return where the node writes its log."""
        return self.folder / LOG_FILE

    @property
    def journal_file(self) -> Path:
        """Return where Raft keeps its term, vote and entries: the write-ahead log, in a folder of its own."""
        return self.folder / DATA_FOLDER / "raft.wal"

    @property
    def quorum(self) -> int:
        """Return how many of the configured members must agree."""
        return (len(self.peers) + 1) // 2 + 1


def read_settings(folder: Path) -> NodeSettings:
    """Read a node's folder.

    Raises:
        KeyError: If a key that has no documented default is absent.
        tomllib.TOMLDecodeError: If a file is no TOML.
    """
    config = tomllib.loads((folder / CONFIG_FILE).read_text())
    lab = tomllib.loads((folder / LAB_FILE).read_text())
    name = config["node"]["id"]
    raft = config.get("raft", {})
    gossip = config["gossip"]
    return NodeSettings(
        folder=folder,
        name=name,
        id=lab["id"],
        raft=Address.parse(config["node"]["bind_address"]),
        gossip=Address.parse(gossip["bind_address"]),
        metrics=Address.parse(config["metrics"]["bind_address"]),
        peers=tuple(_peer(id_, lab["links"]) for id_ in config["cluster"]["peers"]),
        election_timeout_min_ms=raft.get("election_timeout_min_ms", 150),
        election_timeout_max_ms=raft.get("election_timeout_max_ms", 300),
        heartbeat_interval_ms=raft.get("heartbeat_interval_ms", 50),
        ping_interval_ms=gossip.get("ping_interval_ms", 1000),
        suspect_timeout_ms=gossip.get("suspect_timeout_ms", 3000),
        skew_limit_ms=lab["skew_limit_ms"],
        metrics_shape=cast("MetricsShape", lab["metrics_shape"]),
        log_format=cast("LogFormat", lab["log_format"]),
    )


def _peer(entry: str, links: dict[str, Any]) -> PeerSettings:
    """Read `node2:7878`, or `node2=10.0.0.2:7878`: then the link is the one that leads to that address.

    Behind another port than the documented one nobody listens.
    """
    name, _, address = entry.partition("=")
    plain, _, port = entry.rpartition(":")
    name = name if address else plain
    to_address = (link for link in links.values() if link["target"] == address)
    link = next(to_address) if address else links[name]
    raft = Address.parse(link["raft"])
    if not address and port != str(RAFT_PORT):
        raft = Address(raft.host, 1)
    return PeerSettings(name, f"{name}:{RAFT_PORT}", raft, Address.parse(link["gossip"]))
