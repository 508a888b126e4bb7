"""A past incident for a terminal: what was said of each reading, and what is said of it today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from bot.cli.terminal import Look, words

SAME = "the same today"


@dataclass(frozen=True)
class JudgedAgain:
    """A reading of an incident: what its thread was told, and what differs today."""

    at: datetime
    then: str
    changes: tuple[str, ...]


def replay(judged: Sequence[JudgedAgain], look: Look) -> Iterator[RenderableType]:
    """Yield each reading with what has changed since."""
    if look.is_plain:
        for each in judged:
            yield words(f"{each.at:%Y-%m-%d %H:%M:%S} {each.then}")
            yield from (words(f"  {line}") for line in each.changes or (SAME,))
        return
    yield look.table(
        ("read (UTC)", "said then", "today"),
        [
            [
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                each.then,
                Text("\n").join(words(line, "yellow") for line in each.changes)
                if each.changes
                else words(SAME, "green"),
            ]
            for each in judged
        ],
    )
