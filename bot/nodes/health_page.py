"""Parse a node's `/health`: JSON of a shape that Neumann's documentation only sketches."""

from __future__ import annotations

import json

from pydantic import ValidationError

from bot.nodes.metrics_page import MAX_COUNT
from runbooks.evidence import Health, Role
from shared.sanitize import plain

MAX_STATUS_CHARS = 100
NUMBERS = ("term", "commit_index", "members", "healthy_members")


def parse(body: bytes) -> Health:
    """Read what the page says of Raft; of what it repeats, the last counts.

    Raises:
        ValueError: If it is no JSON object, or holds values of another kind than documented.
    """
    try:
        said = json.loads(body)
    except RecursionError as error:
        raise ValueError("/health is nested too deeply.") from error
    if not isinstance(said, dict):
        raise ValueError("/health is not a JSON object.")
    status, role = (said.get(key) for key in ("status", "raft_state"))
    named = role.lower() if isinstance(role, str) else ""
    try:
        return Health(
            status=plain(status, limit=MAX_STATUS_CHARS) if isinstance(status, str) else "unknown",
            role=Role(named) if named in set(Role) else None,
            **{key: _count(said.get(key)) for key in NUMBERS},
        )
    except ValidationError as error:
        raise ValueError("/health holds values of another kind than documented.") from error


def _count(value: object) -> object:
    """Return the value; `None` where it is a number that counts nothing."""
    return value if not isinstance(value, int | float) or 0 <= value <= MAX_COUNT else None
