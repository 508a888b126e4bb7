"""Read what matters to elections out of Neumann's configuration file, whatever else is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType, structs

from agent.errors import ConfigFileError, ReadingError
from agent.neumann_config.edit import read_config_bytes
from agent.neumann_config.planned_edit import why_not_editable
from agent.protocol import Config, ConfigLine
from agent.protocol.readings import MAX_PEERS
from shared import bounded_toml
from shared.sanitize import lines_of, plain

_ELECTION_LINE = re.compile(r"^\s*(?:raft\s*\.\s*)?election_timeout(?:_min|_max)?_ms\s*=")

MAX_LINES = 16
MAX_LINE_CHARS = 400
MAX_PEER_CHARS = 255


def read_config(path: Path) -> Config:
    """Read the file; a symbolic link is followed here, because this only looks.

    Raises:
        ReadingError: If it cannot be read.
    """
    try:
        found = read_config_bytes(path, follow_links=True)
    except ConfigFileError as error:
        raise ReadingError(str(error)) from error
    config = parse_config(path, found.raw, sha256=found.sha256)
    return structs.replace(config, why_not_editable=why_not_editable(path) or UNSET)


def parse_config(path: Path, raw: bytes, *, sha256: str) -> Config:
    """Parse the documented forms tolerantly: what is absent, oddly typed or unparseable is `None`.

    The single key `election_timeout_ms` counts as the minimum; `seeds` counts as peers.
    """
    text = raw.decode(errors="replace")
    try:
        document = bounded_toml.loads(text)
        malformed: bool | UnsetType = UNSET
    except (ValueError, RecursionError):  # ValueError: a number of more digits than Python reads, too
        document, malformed = {}, True
    raft, cluster = _table(document, "raft"), _table(document, "cluster")
    minimum_ms = _whole(raft, "election_timeout_min_ms")
    return Config(
        path=str(path),
        sha256=sha256,
        election_timeout_min_ms=_whole(raft, "election_timeout_ms") if minimum_ms is None else minimum_ms,
        election_timeout_max_ms=_whole(raft, "election_timeout_max_ms"),
        heartbeat_interval_ms=_whole(raft, "heartbeat_interval_ms"),
        malformed=malformed,
        peers=_texts(cluster, "peers") or _texts(cluster, "seeds"),
        election_lines=tuple(
            ConfigLine(number=number, text=plain(line, limit=MAX_LINE_CHARS, keep_spaces=True))
            for number, line in enumerate(lines_of(text), start=1)
            if _ELECTION_LINE.match(line)
        )[:MAX_LINES],
    )


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}


def _whole(table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    return value if type(value) is int and abs(value) < 2**63 else None


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key)
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return tuple(plain(item, limit=MAX_PEER_CHARS) for item in texts[:MAX_PEERS])
