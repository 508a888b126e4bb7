"""A timeline keeps every event, lets one of two win, and says plainly when Redis is away."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.store.client import connect
from bot.store.mac_chain import End
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity, Reason
from handlers.domain.events import EVENT, Event
from handlers.domain.events.base import EVENTS_VERSION
from handlers.domain.events.lifecycle import AlertsReceived, Remarked
from handlers.domain.fold import fold
from handlers.domain.incident import Incident, Stage
from handlers.domain.known_alerts import IdentityState
from handlers.errors import EventTooLarge, Moved, StoreDown, WrittenByNewer
from tests.bot.conftest import CHAIN, MortalRedis
from tests.bot.incidents import whole_story
from tests.builders import NOON, alert, opened

ID = "inc-1"


def added(minute: int) -> AlertsReceived:
    return AlertsReceived(
        at=NOON + timedelta(minutes=minute),
        reason=Reason.ALERTS_ADDED,
        cluster="demo",
        runbook="leader-election",
        alerts=(alert("NodeDown", node=f"node{minute}"),),
    )


async def test_an_incident_read_back_is_the_incident_that_was_written(store: TimelineStore) -> None:
    story = whole_story()
    assert {type(event).__name__ for event in story} == {
        event.__name__
        for event in Event.__origin__.__args__  # type: ignore[attr-defined]
    }, "every kind of event is in the story"

    incident = Incident(id=ID)
    for event in story:
        incident = await store.append(incident, event)

    assert incident == fold(ID, story)
    assert await store.load(ID) == incident
    assert incident.position == len(story)


async def test_row_19_an_event_larger_than_any_reading_is_not_kept(store: TimelineStore) -> None:
    incident = await store.append(Incident(id=ID), opened())
    with pytest.raises(EventTooLarge, match="inc-1 takes 4000"):
        await store.append(incident, added(1), Remarked(at=NOON, key="k", sentence="x" * 4_000_000))
    assert await store.load(ID) == incident


async def test_what_nobody_wrote_is_an_empty_incident(store: TimelineStore) -> None:
    assert await store.load("inc-404") == Incident(id="inc-404")


async def test_several_events_are_one_append(store: TimelineStore) -> None:
    incident = await store.append(Incident(id=ID), opened(), added(1), added(2))
    assert incident.position == 3
    assert await store.load(ID) == incident


async def test_of_two_replicas_at_the_same_place_one_wins_and_nothing_is_half_done(
    redis_url: str, prefix: str
) -> None:
    async with aclosing(connect(redis_url)) as one, aclosing(connect(redis_url)) as other:
        first, second = TimelineStore(one, prefix, CHAIN), TimelineStore(other, prefix, CHAIN)
        incident = await first.append(Incident(id=ID), opened())
        for _ in range(50):
            attempts: list[Coroutine[Any, Any, Incident]] = [
                first.append(incident, added(1), added(2)),
                second.append(incident, added(3), added(4), added(5)),
            ]
            results = await asyncio.gather(*attempts, return_exceptions=True)
            winners = [result for result in results if isinstance(result, Incident)]
            assert [type(result) for result in results if not isinstance(result, Incident)] == [Moved]
            incident = await first.load(ID)
            assert incident == winners[0]


@pytest.mark.parametrize("position", [0, 2])
async def test_neither_behind_nor_ahead_can_be_appended(store: TimelineStore, position: int) -> None:
    after = await store.append(Incident(id=ID), opened())
    with pytest.raises(Moved):
        await store.append(Incident(id=ID, position=position), added(1))
    assert await store.load(ID) == after


async def test_an_open_incident_takes_what_belongs_to_it_until_it_is_released(store: TimelineStore) -> None:
    demo, other = IncidentIdentity("demo", "leader-election"), IncidentIdentity("other", "leader-election")
    first = await store.claim(demo)
    assert await store.claim(demo) == first
    second = await store.claim(other)
    assert await store.open_incidents() == (first, second)

    await store.release(demo, second)
    assert await store.claim(demo) == first, "only the incident that holds it lets go"
    await store.release(demo, first)
    third = await store.claim(demo)
    assert await store.open_incidents() == (second, third)
    assert len({first, second, third}) == 3


async def test_clusters_whose_names_begin_alike_have_incidents_of_their_own(store: TimelineStore) -> None:
    one, other = IncidentIdentity("eu", "alert:w"), IncidentIdentity("eu/alert:w", "leader-election")
    first, second = await store.claim(one), await store.claim(other)
    assert await store.open_on("eu") == (first,)
    assert await store.open_on("eu/alert:w") == (second,)


async def test_an_incident_that_was_opened_under_its_former_key_is_forgotten_as_it_closes(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    old = IncidentIdentity("eu/west", "leader-election")
    await redis.hset(f"{prefix}:open", "eu/west/leader-election", "inc-7")
    await store.release(old, "inc-7")
    assert await store.open_incidents() == ()


async def test_ten_replicas_claim_one_incident(store: TimelineStore) -> None:
    claims = (store.claim(IncidentIdentity("demo", "leader-election")) for _ in range(10))
    assert len(set(await asyncio.gather(*claims))) == 1


async def test_where_an_identity_stands_is_known_at_once(store: TimelineStore) -> None:
    demo = IncidentIdentity("demo", "leader-election")
    assert await store.standing(demo, claim=False) == IdentityState(None)
    claimed = (await store.standing(demo, claim=True)).incident
    assert claimed
    assert claimed == Incident(id=claimed.id)
    assert await store.standing(demo, claim=True) == IdentityState(claimed), "it is claimed once"

    incident = await store.append(claimed, opened())
    assert await store.standing(demo, claim=True) == IdentityState(incident)
    await store.release(demo, incident.id)
    again = (await store.standing(demo, claim=True)).incident
    assert again
    assert again.id != incident.id


async def test_ends_outlive_their_incidents(store: TimelineStore) -> None:
    demo = IncidentIdentity("demo", "leader-election")
    ended = alert(status="resolved", minute=5)
    for minute in (5, 3):
        incident = Incident(id=await store.claim(demo))
        await store.append(incident, opened(alert(status="resolved", minute=minute), alert("NodeDown")))
        await store.release(demo, incident.id)
    standing = await store.standing(demo, (alert(), alert("NodeDown")), claim=True)
    assert standing == IdentityState(None, ended={ended.key: ended.ends_at}), (
        "the newest end, claiming nothing"
    )


async def test_ten_replicas_that_ask_where_it_stands_claim_one_incident(store: TimelineStore) -> None:
    demo = IncidentIdentity("demo", "leader-election")
    found = await asyncio.gather(*(store.standing(demo, claim=True) for _ in range(10)))
    assert len({standing.incident.id for standing in found if standing.incident}) == 1
    assert all(standing.incident for standing in found)


async def test_the_handle_of_a_new_incident_is_there_with_its_first_event_or_not_at_all(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    first = opened().model_copy(update={"handle": "a-random-handle"})
    await store.append(Incident(id=ID), first)
    assert await store.incident_of("a-random-handle") == ID
    assert await redis.ttl(f"{prefix}:handle:a-random-handle") > 7 * 24 * 3600, "no handle stays for ever"
    with pytest.raises(Moved):
        await store.append(Incident(id=ID), first.model_copy(update={"handle": "another"}))
    assert await store.incident_of("another") is None


async def test_a_button_leads_back_to_its_incident(store: TimelineStore, redis: Redis, prefix: str) -> None:
    await store.remember_handle("a-random-handle", ID)
    assert await store.incident_of("a-random-handle") == ID
    assert await store.incident_of("another") is None
    assert await redis.ttl(f"{prefix}:handle:a-random-handle") > 7 * 24 * 3600, "no handle stays for ever"


async def test_redis_away_is_one_error_and_nothing_is_lost_over_it(mortal_redis: MortalRedis) -> None:
    async with aclosing(connect(mortal_redis.url)) as redis:
        store = TimelineStore(redis, "{test}", CHAIN)
        incident = await store.append(Incident(id=ID), opened())
        await mortal_redis.stop()
        calls: list[Coroutine[Any, Any, object]] = [
            store.append(incident, added(1)),
            store.load(ID),
            store.claim(incident.identity),
            store.release(incident.identity, ID),
            store.open_incidents(),
            store.remember_handle("handle", ID),
            store.incident_of("handle"),
        ]
        for call in calls:
            with pytest.raises(StoreDown, match="Redis does not answer"):
                await call

        await mortal_redis.start()
        assert await store.load(ID) == incident
        assert await store.append(incident, added(1)) == await store.load(ID)


async def test_a_redis_that_is_full_is_down_too_and_takes_nothing(mortal_redis: MortalRedis) -> None:
    async with aclosing(connect(mortal_redis.url)) as redis:
        store = TimelineStore(redis, "{test}", CHAIN)
        incident = await store.append(Incident(id=ID), opened())
        await redis.config_set("maxmemory", 1)
        with pytest.raises(StoreDown):
            await store.append(incident, added(1), added(2))
        await redis.config_set("maxmemory", 0)
        assert await store.load(ID) == incident


async def test_what_another_replica_appended_is_seen_on_top_of_what_is_known(
    redis: Redis, prefix: str
) -> None:
    mine, theirs = TimelineStore(redis, prefix, CHAIN), TimelineStore(redis, prefix, CHAIN)
    first = await mine.append(await mine.load("inc-1"), opened())
    await theirs.append(await theirs.load("inc-1"), opened(alert("ElectionStorm")))
    seen = await mine.load("inc-1")
    assert seen.position == first.position + 1
    assert {each.name for each in seen.firing} == {"NoLeader", "ElectionStorm"}
    assert seen == await TimelineStore(redis, prefix, CHAIN).load("inc-1")


async def test_a_redis_that_was_restored_from_an_old_copy_is_read_from_the_beginning(
    redis: Redis, prefix: str
) -> None:
    store = TimelineStore(redis, prefix, CHAIN)
    one = await store.append(await store.load(ID), opened())
    names = [f"{prefix}:timeline:{ID}", f"{prefix}:ends"]
    copies: list[tuple[str, Any]] = [(name, await redis.dump(name)) for name in names]
    two = await store.append(one, opened(alert("ElectionStorm")))
    for name, copy in copies:
        await redis.restore(name, 0, copy, replace=True)

    with pytest.raises(Moved):
        await store.append(two, opened(alert("NodeDown")))
    again = await store.load(ID)
    assert again == one
    three = await store.append(again, opened(alert("NodeDown")))
    for name, copy in copies:
        await redis.restore(name, 0, copy, replace=True)
    assert await store.load(ID) == one, "what was remembered of the lost future is forgotten"
    assert three.position == 2


async def test_a_number_that_a_restored_redis_gives_out_again_makes_another_id(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    demo = IncidentIdentity("demo", "leader-election")
    first = await store.claim(demo)
    await redis.delete(f"{prefix}:open", f"{prefix}:incident-number")  # as before there was any incident
    again = await store.claim(demo)
    assert first != again, "the nodes' ledgers know the first one's actions by its id"
    pattern = re.compile(r"inc-1-[a-z0-9]{5}")
    assert pattern.fullmatch(first)
    assert pattern.fullmatch(again)
    assert await store.given_out() == (again,)


async def test_incidents_are_listed_by_their_numbers(store: TimelineStore) -> None:
    ids = [await store.claim(IncidentIdentity(f"cluster-{number}", "x")) for number in range(12)]
    assert await store.open_incidents() == await store.given_out() == tuple(ids)


async def test_each_start_of_redis_is_another_life(mortal_redis: MortalRedis) -> None:
    async with aclosing(connect(mortal_redis.url)) as redis:
        store = TimelineStore(redis, "{test}", CHAIN)
        first = await store.life()
        assert first
        assert await store.life() == first
        await mortal_redis.stop()
        await mortal_redis.start()
        assert await store.life() not in {"", first}


@pytest.mark.parametrize(
    "change",
    [
        {"version": EVENTS_VERSION + 1},
        {"kind": "from_the_future"},
        {"a_field_of_the_future": 1},
    ],
    ids=["a newer version", "a new kind", "a new field"],
)
async def test_what_a_newer_version_wrote_is_left_to_it(
    store: TimelineStore, redis: Redis, prefix: str, change: dict[str, Any]
) -> None:
    incident = await store.append(Incident(id=ID), opened())
    await append_raw(redis, prefix, incident, json.loads(added(1).model_dump_json()) | change)
    for _ in range(2):
        with pytest.raises(WrittenByNewer, match=f"A newer version of the bot has written to {ID} .event 2."):
            await store.load(ID)
    with pytest.raises(WrittenByNewer):
        await store.timeline(ID)
    with pytest.raises(Moved):
        await store.append(incident, added(2))
    assert (await store.walk(ID)).faults == (), "it is genuine"


async def append_raw(redis: Redis, prefix: str, incident: Incident, event: dict[str, Any]) -> None:
    """Write an event as another version of the bot would, with the key that all replicas share."""
    raw = json.dumps(event).encode()
    end = CHAIN.extend(incident.id, End(incident.position, incident.mac), raw)
    await redis.xadd(
        f"{prefix}:timeline:{incident.id}", {"event": raw, "mac": end.mac}, id=f"0-{end.position}"
    )
    await redis.hset(f"{prefix}:ends", incident.id, str(end))


def test_what_was_written_once_can_be_read_for_ever() -> None:
    folder = Path(__file__).parents[2] / "data" / "timelines"
    read = {
        file.stem: [EVENT.validate_json(line) for line in file.read_bytes().splitlines()]
        for file in folder.glob("*.jsonl")
    }
    kinds = {event.__name__ for event in Event.__origin__.__args__}  # type: ignore[attr-defined]
    assert {type(event).__name__ for events in read.values() for event in events} == kinds
    events = read["version-1"]
    story = fold("inc-7", events)
    assert (story.stage, story.position, len(story.runs)) == (Stage.CLOSED, len(events), 2)
