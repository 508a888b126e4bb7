"""Read out of Neumann's configuration where this node serves Raft, and whether by TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.addresses import split_address
from shared import bounded_toml

RAFT_PORT = 7878
"""Neumann's documented default."""

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}  # noqa: S104  what is bound, and how it is reached


@dataclass(frozen=True)
class RaftPort:
    """Where a node is reached from its own host, and with what certificate."""

    host: str
    number: int
    speaks_tls: bool
    certificate: Path | None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.number}" if ":" in self.host else f"{self.host}:{self.number}"


def raft_port_of(raw: bytes) -> RaftPort:
    """Return what a configuration file says; what it does not say is the documented default.

    TLS is spoken where there is a `[tls]` that is not disabled. A file that is no TOML says nothing.
    """
    try:
        document = bounded_toml.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        document = {}
    node, tls = _table(document, "node"), _table(document, "tls")
    try:
        host, number = split_address(str(node.get("bind_address", "")))
    except ValueError:
        host, number = "127.0.0.1", RAFT_PORT
    path = tls.get("cert_path")
    named = isinstance(path, str) and path.startswith("/") and path.isprintable()
    return RaftPort(
        host=_ANY.get(host, host),
        number=number,
        speaks_tls=bool(tls) and tls.get("enabled") is not False,
        certificate=Path(str(path)) if named else None,
    )


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}
