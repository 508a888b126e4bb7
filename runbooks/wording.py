"""Format names, counts and durations for sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Join names: `node1`, `node1 and node2`, `node1, node2 and node3`."""
    if len(names) < 2:
        return "".join(names) or "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun: `1 node`, `2 nodes`, `2 processes`."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else ending}"


def milliseconds(value: float) -> str:
    """Format a duration in ms, also above a second: `12 ms`."""
    return f"{value:.0f} ms"


def signed_milliseconds(value: float) -> str:
    """Format a clock offset: `+2400 ms` is ahead of true time, `-1900 ms` behind."""
    return f"{value:+.0f} ms"
