"""A process under a service manager: it starts, replays its log, serves, dies, and is started again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

START_LIMIT_BURST, START_LIMIT_INTERVAL_S = 5, 10.0
"""systemd's defaults (systemd-system.conf(5)): more starts in this time, and the unit is left failed."""

State = Literal["active", "inactive", "failed", "unknown"]


@dataclass(frozen=True)
class Unit:
    """What the service manager shows of a service, and whether the process has got so far as to serve.

    Between two starts the manager calls it neither active nor failed, which is `unknown`; how it ended is
    forgotten as soon as it runs again.
    """

    state: State = "active"
    running_s: float | None = None
    restarts: int = 0
    result: str = "success"
    serves: bool = True
    load: str | None = None


@dataclass(frozen=True)
class Spell:
    """One life of a process that crashes, from its start to its end, in seconds."""

    started_s: float
    ended_s: float


@dataclass(frozen=True)
class Crashes:
    """The lives of a process that crashes again and again.

    Args:
        spells: Each life, in order.
        replay_s: How long it replays its log before it serves.
        result: How it ends.
        gave_up: Whether the manager starts it no more after the last one.
    """

    spells: tuple[Spell, ...]
    replay_s: float
    result: str
    gave_up: bool

    def at(self, moment_s: float) -> Unit:
        """Return what the service manager shows at a moment."""
        begun = [spell for spell in self.spells if spell.started_s <= moment_s]
        last, restarts = begun[-1], len(begun) - 1
        if moment_s < last.ended_s:
            age_s = moment_s - last.started_s
            return Unit("active", age_s, restarts, serves=age_s >= self.replay_s)
        over = self.gave_up and last is self.spells[-1]
        return Unit("failed" if over else "unknown", None, restarts, self.result, serves=False)


def crashes(draw: random.Random, result: str, until_s: float) -> Crashes:
    """Let a process crash and be started again until well after a moment, or until the manager gives up."""
    replay_s, longest_s = draw.choice((0.2, 2.0, 8.0, 25.0)), draw.choice((0.5, 4.0, 15.0, 40.0))
    wait_s = draw.choice((0.1, 0.1, 2.0, 5.0, 15.0))
    spells: list[Spell] = []
    now_s = 0.0
    while now_s < until_s + 60.0:
        spells.append(Spell(now_s, now_s + draw.uniform(0.3, 1.0) * longest_s))
        now_s = spells[-1].ended_s + wait_s
        recent = [spell for spell in spells if spell.started_s > now_s - START_LIMIT_INTERVAL_S]
        if len(recent) >= START_LIMIT_BURST:
            return Crashes(tuple(spells), replay_s, result, gave_up=True)
    return Crashes(tuple(spells), replay_s, result, gave_up=False)
