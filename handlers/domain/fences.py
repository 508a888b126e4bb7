"""What agents say of fences, and whom to believe: one that lies must not stop or disorder a cluster."""

from __future__ import annotations

from collections.abc import Mapping

MAX_CLAIM = 2**52
"""Beyond it nobody is believed. Scripts in Redis count in doubles, which are exact up to twice as much: what
follows the highest claim stays exact for as long as anybody acts."""

MAX_FIRST_CLAIM = 2**32
"""More runs than a cluster sees in a thousand years; up to it a claim may be true if Redis lost its own."""

MAX_AHEAD = 1_000
"""Runs that a restored Redis may have lost."""


def plausible(newest: int) -> int:
    """Return the highest fence that one agent alone is believed, where Redis may have been put back.

    Args:
        newest: The highest that the bot knows of.
    """
    return max(newest + MAX_AHEAD, MAX_FIRST_CLAIM)


def liars(seen: Mapping[str, int | None], up_to: int) -> tuple[str, ...]:
    """Return the nodes whose agent is not believed.

    Args:
        seen: By node, the highest fence its agent says it has acted on.
        up_to: The highest that one alone is believed; two that go beyond it bear each other out.
    """
    beyond = [node for node, fence in seen.items() if fence is not None and fence > up_to]
    sane = [node for node in beyond if (seen[node] or 0) <= MAX_CLAIM]
    return tuple(node for node in beyond if len(sane) < 2 or node not in sane)
