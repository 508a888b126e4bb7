"""Entries on their way: appended, committed by a majority, applied; a step of 250 ms at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

STEP_S = 0.25
ENTRY_BYTES = 400
SEGMENT_BYTES = 1448
GIGABIT_BYTES_PER_S = 118e6


@dataclass
class Member:
    """One node's queues and what limits them; rates are entries a second.

    Args:
        name: The node.
        applies: How many it can apply.
        writes: How many its disk can write.
        round_trip_s: To the leader and back.
        loss: Share of packets lost between it and the leader.
        cut: Whether nothing passes between it and the leader.
        away: Whether its process is gone.
    """

    name: str
    applies: float
    writes: float
    round_trip_s: float = 0.001
    loss: float = 0.0
    cut: bool = False
    away: bool = False
    log: float = 0.0
    commit: float = 0.0
    applied: float = 0.0
    busy: float = field(default=0.0)
    """Share of its disk's time that writing took in the last step."""

    @property
    def receives(self) -> float:
        """Return how many entries the link carries: a gigabit, or what loss leaves of it (Mathis)."""
        if self.cut or self.away:
            return 0.0
        if self.loss <= 0:
            return GIGABIT_BYTES_PER_S / ENTRY_BYTES
        bytes_per_s = SEGMENT_BYTES / self.round_trip_s * math.sqrt(1.5 / self.loss)
        return min(GIGABIT_BYTES_PER_S, bytes_per_s) / ENTRY_BYTES


def flow(leader: Member, followers: Iterable[Member], offered: float, seconds: float) -> None:
    """Let so many entries a second be offered for so long; what no majority holds is not committed."""
    everyone = [leader, *followers]
    for _ in range(round(seconds / STEP_S)):
        for member in everyone:
            _append(member, leader, offered)
        held = sorted((member.log for member in everyone), reverse=True)
        leader.commit = max(leader.commit, held[len(everyone) // 2])
        # Raft's leader stops taking entries in when too many wait for a majority.
        leader.log = min(leader.log, leader.commit + offered)
        for member in everyone:
            if not (member.cut or member.away):
                member.commit = max(member.commit, min(member.log, leader.commit))
            if not member.away:
                member.applied = min(member.commit, member.applied + member.applies * STEP_S)


def _append(member: Member, leader: Member, offered: float) -> None:
    carried = min(leader.log - member.log, member.receives * STEP_S)
    wanted = offered * STEP_S if member is leader else carried
    room = member.writes * STEP_S
    member.busy = 0.0 if room <= 0 else min(1.0, max(wanted, 0.0) / room)
    if not member.away:
        member.log += max(min(wanted, room), 0.0)
