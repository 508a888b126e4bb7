"""What is noted of a message that was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.timeline_store import text


@dataclass(frozen=True)
class Posted:
    """A message as it was last sent. Without `ts` it was claimed, and its answer never came.

    `app` and `team` are the ones that Slack says posted it, where it says so; `redis` is the run of Redis
    that took the note.
    """

    channel: str
    ts: str = ""
    content: str = ""
    app: str = ""
    team: str = ""
    redis: str = ""


def read_posted(fields: Mapping[Any, Any]) -> dict[str, Posted]:
    """An incident's notes, by the messages' keys, as Redis holds them."""
    return {text(key): Posted(**json.loads(value)) for key, value in fields.items()}
