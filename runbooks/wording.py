"""Small pieces of sentence that every cause uses."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """`node1`, `node1 and node2`, `node1, node2 and node3`."""
    if len(names) < 2:
        return "".join(names) or "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """`1 node`, `2 nodes`, `2 processes`."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else ending}"


def milliseconds(value: float) -> str:
    """`12 ms`, `+2.40 s` is never needed below ten seconds, so everything stays in ms."""
    return f"{value:.0f} ms"


def signed_milliseconds(value: float) -> str:
    """`+2400 ms` is ahead of true time, `-1900 ms` behind."""
    return f"{value:+.0f} ms"
