"""What outlives an incident is found again, by whichever replica asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.store import incident_history
from bot.store.incident_history import IncidentHistoryStore
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from bot.store.timelines import TimelineStore
from handlers.domain.alert_sources import ReconcileCheckpoint
from handlers.domain.alerts import Alert, IncidentIdentity
from tests.builders import NOON, alert, opened

DEMO, EU = IncidentIdentity("demo", "leader-election"), IncidentIdentity("eu", "leader-election")


def recent(name: str = "NoLeader", *, minutes: float) -> Alert:
    """An alert that ended so many minutes ago."""
    ends_at = datetime.now(UTC) - timedelta(minutes=minutes)
    return alert(name).model_copy(update={"status": "resolved", "ends_at": ends_at})


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
    one, other = recent(minutes=1), recent("NodeDown", minutes=2)
    assert (await store.standing(DEMO, (one, other), claim=False)).early == {}
    assert await past.remember_ends(DEMO, ()) is None
    assert await past.remember_ends(DEMO, (one,)) is None
    await past.remember_ends(DEMO, (other, recent(minutes=5)))
    standing = await store.standing(DEMO, (one, other), claim=True)
    assert standing.early == {one.key: one.ends_at, other.key: other.ends_at}, "the newest of each"
    assert standing.incident is None, "what came before may say that it opens nothing"
    open_id = await store.claim(DEMO)
    assert await past.remember_ends(DEMO, (one,)) == open_id, "so whoever keeps an end sees who is faster"
    assert 0 < await redis.ttl(f"{prefix}:early-ends") <= 7 * 24 * 3600


async def test_an_end_of_long_ago_is_kept_as_any_other_and_the_oldest_go_first(
    past: IncidentHistoryStore, store: TimelineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    years_ago = recent(minutes=60 * 24 * 365 * 3)
    await past.remember_ends(DEMO, (years_ago,))
    assert (await store.standing(DEMO, (years_ago,), claim=False)).early == {years_ago.key: years_ago.ends_at}
    monkeypatch.setattr(incident_history, "MAX_ENDS", 2)
    newer = recent("NodeDown", minutes=9), recent("ElectionStorm", minutes=5)
    await past.remember_ends(DEMO, newer)
    early = (await store.standing(DEMO, (years_ago, *newer), claim=False)).early
    assert early == {each.key: each.ends_at for each in newer}


async def test_an_alert_belongs_to_one_open_incident_whatever_its_identity_becomes(
    store: TimelineStore, past: IncidentHistoryStore
) -> None:
    renamed = IncidentIdentity("demo", "unconfigured")
    first, other = await store.claim(DEMO), await store.claim(renamed)
    fires, another = alert(), alert("NodeDown")
    await store.append(await store.load(first), opened(fires))
    assert await past.claim_alerts(first, (fires,))
    assert await past.claim_alerts(first, (fires,)), "twice is once"
    standing = await store.standing(renamed, (fires, another), claim=True)
    assert standing.homes == {fires.key: first}
    assert not await past.claim_alerts(other, (another, fires))
    assert await past.claim_alerts(other, (another,)), "nothing was noted before"
    await store.release(DEMO, first)
    assert (await store.standing(renamed, (fires,), claim=True)).homes == {}
    assert await past.claim_alerts(other, (fires,))


async def test_an_incident_that_was_set_aside_is_no_alerts_home(
    store: TimelineStore, past: IncidentHistoryStore
) -> None:
    first = await store.claim(DEMO)
    await past.claim_alerts(first, (alert(),))
    await store.set_aside(first)
    standing = await store.standing(DEMO, (alert(),), claim=True)
    assert standing.homes == {}
    assert standing.incident, "and the alert opens another"
    assert await past.claim_alerts(standing.incident.id, (alert(),))


async def test_the_last_look_is_kept(redis: Redis, prefix: str) -> None:
    looks = ReconcileCheckpointStore(redis, prefix)
    assert await looks.last() is None
    look = ReconcileCheckpoint(at=NOON, unknown_since={"f": NOON}, absent_since={"inc-1/f": NOON})
    await looks.remember(look)
    assert await ReconcileCheckpointStore(redis, prefix).last() == look


async def test_those_that_were_released_last_are_the_newest_first(
    store: TimelineStore, past: IncidentHistoryStore, redis: Redis, prefix: str
) -> None:
    assert await past.released_last(5) == ()
    await redis.zadd(f"{prefix}:released", {f"inc-{number}": number for number in range(1, 8)})
    assert await past.released_last(2) == ("inc-7", "inc-6")


class TestSinceWhenHistoryIsWhole:
    """Of what was closed before, somebody may have kept nothing: it is said, not guessed."""

    async def test_until_the_bot_has_looked_nobody_knows(self, past: IncidentHistoryStore) -> None:
        assert await past.kept_since() is None

    async def test_it_begins_with_the_first_look_and_later_looks_move_it_no_more(
        self, past: IncidentHistoryStore
    ) -> None:
        await past.note_kept_since(NOON, None)
        await past.note_kept_since(NOON + timedelta(days=40), None)
        assert await past.kept_since() == NOON

    async def test_where_a_bot_of_before_noted_nothing_it_begins_with_the_oldest_that_is_left(
        self, past: IncidentHistoryStore, redis: Redis, prefix: str
    ) -> None:
        await redis.zadd(f"{prefix}:released", {"inc-3": (NOON - timedelta(days=20)).timestamp()})
        await past.note_kept_since(NOON, None)
        assert await past.kept_since() == NOON - timedelta(days=20)

    async def test_trimming_moves_it_on_and_never_back(self, past: IncidentHistoryStore) -> None:
        await past.note_kept_since(NOON, None)
        await past.note_kept_since(NOON + timedelta(days=100), NOON + timedelta(days=10))
        assert await past.kept_since() == NOON + timedelta(days=10)
        await past.note_kept_since(NOON + timedelta(days=101), NOON + timedelta(days=5))
        assert await past.kept_since() == NOON + timedelta(days=10)

    @pytest.mark.parametrize("odd", [b"", b"soon", b"-5", b"9" * 400, b"\xff", b"1e9"])
    async def test_a_value_that_another_wrote_says_nothing(
        self, past: IncidentHistoryStore, redis: Redis, prefix: str, odd: bytes
    ) -> None:
        await redis.set(f"{prefix}:history-since", odd)
        assert await past.kept_since() is None
        await redis.delete(f"{prefix}:history-since")
        await redis.zadd(f"{prefix}:history-since", {"x": 1})
        assert await past.kept_since() is None

    @pytest.mark.parametrize("score", ["-inf", "+inf", "0", "-7", "99999999999999"])
    async def test_a_score_that_is_no_time_of_before_begins_no_history(
        self, past: IncidentHistoryStore, redis: Redis, prefix: str, score: str
    ) -> None:
        await redis.zadd(f"{prefix}:released", {"inc-3": float(score)})
        await past.note_kept_since(NOON, None)
        assert await past.kept_since() == NOON
