"""What outlives an incident is found again, by whichever replica asks."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.store.incident_history import IncidentHistoryStore
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from bot.store.timelines import TimelineStore
from handlers.domain.alert_sources import ReconcileCheckpoint
from handlers.domain.alerts import IncidentIdentity
from tests.builders import NOON, alert

DEMO, EU = IncidentIdentity("demo", "leader-election"), IncidentIdentity("eu", "leader-election")


@pytest.fixture
def past(redis: Redis, prefix: str) -> IncidentHistoryStore:
    return IncidentHistoryStore(redis, prefix)


async def test_the_incident_that_was_released_last_is_found(
    store: TimelineStore, past: IncidentHistoryStore
) -> None:
    assert await past.previous(DEMO) is None
    first = await store.claim(DEMO)
    await store.release(DEMO, "inc-999")
    assert await past.previous(DEMO) is None, "it was not that one's to release"
    await store.release(DEMO, first)
    second = await store.claim(DEMO)
    await store.release(DEMO, second)
    assert (await past.previous(DEMO), await past.previous(EU)) == (second, None)
    assert await past.released_within(60) == (first, second)
    assert await past.released_within(-60) == ()


async def test_an_end_that_came_early_is_kept_for_a_while(
    past: IncidentHistoryStore, store: TimelineStore, redis: Redis, prefix: str
) -> None:
    assert (await store.standing(DEMO, claim=False)).ends == {}
    await past.remember_ends(DEMO, ())
    one, other = alert(status="resolved", minute=1), alert("NodeDown", status="resolved", minute=2)
    await past.remember_ends(DEMO, (one,))
    await past.remember_ends(DEMO, (other,))
    standing = await store.standing(DEMO, claim=True)
    assert standing.ends == {one.fingerprint: one, other.fingerprint: other}
    assert standing.incident is None, "what came before may say that it opens nothing"
    assert 0 < await redis.ttl(f"{prefix}:overtaken:{DEMO.key}") <= 3600


async def test_the_last_look_is_kept(redis: Redis, prefix: str) -> None:
    looks = ReconcileCheckpointStore(redis, prefix)
    assert await looks.last() is None
    look = ReconcileCheckpoint(at=NOON, unknown_since={"f": NOON}, absent_since={"inc-1/f": NOON})
    await looks.remember(look)
    assert await ReconcileCheckpointStore(redis, prefix).last() == look
