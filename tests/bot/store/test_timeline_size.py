"""What an incident costs in Redis while it stays open, measured: it does not grow without bound."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from redis.asyncio import Redis

from bot.store.timelines import TimelineStore
from handlers import recovery
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.steps.kinds import ReadCluster
from handlers.domain.steps.next_step import next_step
from runbooks import leader_election
from runbooks.evidence import Evidence, Log, Role
from runbooks.leader_election.recovery import recovery_of
from tests.bot.conftest import CHAIN
from tests.builders import NOON, evidence, known, node, opened
from tests.handlers.domain.steps.test_throttling import led

ID = "inc-1-k3xqf"
DAY_S = 24 * 3600
MAX_BYTES_A_DAY = 1_000_000
"""A day of the worst, with three nodes. Measured: 720 kB and 549 events, half a day 450 kB."""


def storm() -> Evidence:
    """All that an agent gives of a flooded log: five lines of 200 characters, each time other ones."""
    nodes = []
    for name in ("node1", "node2", "node3"):
        log = Log(
            path="/var/log/neumann/tensor_chain.log",
            window_s=60,
            bytes_read=262_144,
            counts={"election_started": 9_000, "election_timeout": 9_000, "vote_denied": 27_000},
            excerpts=tuple(secrets.token_urlsafe(150) for _ in range(5)),
        )
        nodes.append(
            node(name, role=Role.CANDIDATE, elections=(100, 160), log=known(log, by=f"agent:{name}"))
        )
    return evidence(*nodes)


def what_happens(incident: Incident, second: int, now: datetime) -> tuple[Event, ...]:
    """A leader that comes and goes every three seconds, and the readings that are due."""
    if isinstance(next_step(incident, now), ReadCluster):
        read = storm()
        return (
            EvidenceRead(at=now, evidence=read),
            FindingsRanked(at=now, diagnosis=leader_election.diagnose(read)),
        )
    turn = second // 3
    event = recovery.what_is_new(
        incident, recovery_of(led(8 + turn, second, None if turn % 2 else "node1")), now
    )
    return (event,) if event else ()


async def test_a_day_of_flapping_leaders_and_flooded_logs_is_bounded_and_folds_to_the_same(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    story: list[Event] = [opened()]
    incident = await store.append(Incident(id=ID), *story)
    sizes = []
    for second in range(DAY_S):
        if events := what_happens(incident, second, NOON + timedelta(seconds=second)):
            story += events
            incident = await store.append(incident, *events)
        if second % (DAY_S // 2) == DAY_S // 2 - 1:
            sizes.append(int(await redis.memory_usage(f"{prefix}:timeline:{ID}", samples=0) or 0))

    assert sizes[-1] < MAX_BYTES_A_DAY
    assert sizes[1] - sizes[0] < sizes[0], "the second half of a day costs less than the first"
    assert incident == fold(ID, story)
    assert await TimelineStore(redis, prefix, CHAIN).load(ID) == incident
