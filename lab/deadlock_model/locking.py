"""How often transactions deadlock, by Gray et al., "The Dangers of Replication and a Solution" (1996)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

RETRANSMIT_S = 0.2
"""The least that TCP waits before it sends again."""

VICTIMS_PER_DEADLOCK = 1.0


@dataclass
class Load:
    """The transactions that one node coordinates.

    Args:
        per_s: How many end a second.
        actions: Keys that each of them locks.
        keys: Keys that they choose from.
        action_s: How long a key takes, beside messages and the disk.
        round_trip_s: To the slowest node that takes part.
        loss: Share of packets lost on the way to it.
        write_s: How long the log takes to write once.
        aborts_victims: Whether a deadlock ends with its victim.
    """

    per_s: float
    actions: float
    keys: float
    action_s: float
    round_trip_s: float
    write_s: float
    loss: float = 0.0
    aborts_victims: bool = True

    @property
    def lasts_s(self) -> float:
        """Return how long a transaction holds its locks: its actions, two rounds of messages, two writes."""
        lost = 1 - (1 - self.loss) ** 2
        rounds = 2 * (self.round_trip_s + lost * RETRANSMIT_S)
        return self.actions * self.action_s + rounds + 2 * self.write_s

    @property
    def deadlocks_per_s(self) -> float:
        """Return the rate: TPS^2 * time of an action * actions^5 / (4 * keys^2)."""
        of_an_action_s = self.lasts_s / self.actions
        return self.per_s**2 * of_an_action_s * self.actions**5 / (4 * self.keys**2)

    @property
    def running(self) -> float:
        """Return how many run at once (Little)."""
        return self.per_s * self.lasts_s

    @property
    def waiting(self) -> float:
        """Return how many of them wait for a lock: each lock is held by another with this chance."""
        held = self.running * self.actions / 2 / self.keys
        return self.running * min(1.0, self.actions * held)


def poisson(draw: random.Random, expected: float) -> int:
    """Return how many events happen where so many are expected."""
    if expected > 50:
        return max(round(draw.gauss(expected, math.sqrt(expected))), 0)
    number, product, least = 0, draw.random(), math.exp(-expected)
    while product > least:
        number, product = number + 1, product * draw.random()
    return number
