"""Look at a node's wall clock from outside: its time lies between sending the question and the answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from agent.protocol import WallClock
from runbooks import evidence as known

LOOKS = 3
"""The fastest of so many exchanges has the smallest bound; the first also opens the connection."""


async def bracket(ask: Callable[[], Awaitable[WallClock]]) -> known.WallClock:
    """Return how far a node's clock is ahead of the bot's, true within half a round trip (Cristian).

    The bot's wall clock is read once, so a step of it meanwhile does not count.

    Raises:
        AgentUnreachableError, AgentRefusedError: If the agent does not tell its time.
    """
    began_s, began_monotonic_s = time.time(), time.monotonic()
    looks = []
    for _ in range(LOOKS):
        sent_s = time.monotonic() - began_monotonic_s
        shown_s = (await ask()).wall_s
        received_s = time.monotonic() - began_monotonic_s
        ahead_s = shown_s - (began_s + (sent_s + received_s) / 2)
        looks.append(((received_s - sent_s) / 2, ahead_s))
    error_s, ahead_s = min(looks)
    return known.WallClock(ahead_ms=ahead_s * 1000, error_ms=error_s * 1000)
