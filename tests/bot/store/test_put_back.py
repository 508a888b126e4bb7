"""Redis is put back to a genuine older copy: nothing that was stopped goes on, and nothing old begins."""

from __future__ import annotations

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.store.mac_chain import End
from bot.store.timelines import TimelineStore
from handlers import advance
from handlers.domain.events.remediation import StopAsked
from handlers.domain.incident import Incident
from handlers.ports import Ports
from handlers.remediation import propose
from handlers.remediation.run import run_action
from handlers.remediation.run_end import PUT_BACK
from tests.bot.cli.test_audit_check import ID, Intruder, acting_on, clicked
from tests.bot.conftest import CHAIN
from tests.builders import ALICE, NOON, opened
from tests.handlers.story import click, submitted
from tests.handlers.world import World


@pytest.fixture
def intruder(redis: Redis, prefix: str) -> Intruder:
    return Intruder(redis, prefix)


async def confirmed(store: TimelineStore) -> tuple[World, Ports, Incident]:
    world, ports = acting_on(store)
    handle = (await clicked(store, ports)).handle
    return world, ports, await propose.confirm(ports, submitted(handle))


async def cut_back(intruder: Intruder, position: int) -> None:
    """Keep the first events, each with its own genuine MAC, and note that they are all."""
    kept = (await intruder.read())[:position]
    await intruder.write(kept)
    await intruder.note_end(End(position, kept[-1][b"mac"].decode()))


async def test_row_08_a_run_that_was_stopped_does_not_go_on_when_its_stop_is_cut_off(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder
) -> None:
    world, ports, incident = await confirmed(store)
    await propose.stop(ports, click(incident.runs[-1].handle))
    await advance.advance(ports, ID)
    assert world.agents.effects == []
    await cut_back(intruder, incident.position)

    restarted = TimelineStore(redis, prefix, CHAIN)
    assert (await restarted.load(ID)).running, "to Redis' knowledge it goes on"
    _, again = acting_on(restarted, world)
    await advance.advance(again, ID)
    assert world.agents.effects == [], "the nodes' ledgers know better"
    ended = (await restarted.load(ID)).runs[-1].ended
    assert ended and not ended.completed


async def test_row_08_a_process_that_has_known_more_ends_the_run(
    store: TimelineStore, intruder: Intruder
) -> None:
    world, ports, incident = await confirmed(store)
    await ports.timelines.append(incident, StopAsked(at=NOON, by=ALICE))
    await cut_back(intruder, incident.position)
    await advance.advance(ports, ID)
    ended = (await store.load(ID)).runs[-1].ended
    assert ended and ended.detail.startswith(PUT_BACK)
    assert world.agents.effects == []
    assert not (await store.load(ID)).went_back, "the next run is a new one"


@pytest.mark.parametrize("kept_of_the_action", [0, 1], ids=["nothing", "its start"])
async def test_row_08_what_was_done_and_lost_is_asked_of_the_ledgers(
    store: TimelineStore, intruder: Intruder, kept_of_the_action: int
) -> None:
    world, ports, incident = await confirmed(store)
    after = await run_action(ports, incident, 0)
    assert after.position == incident.position + 2, "its start and its end"
    await cut_back(intruder, incident.position + kept_of_the_action)
    await advance.advance(ports, ID)
    run = (await store.load(ID)).runs[-1]
    assert run.ended
    assert run.ended.detail.startswith(PUT_BACK)
    assert [run.is_done(index) for index in range(len(run.plan.steps))] == [True, False]
    assert len(world.agents.effects) == 1, "nothing more was begun"


async def test_row_08_a_confirmation_of_long_ago_begins_nothing(
    store: TimelineStore, redis: Redis, prefix: str
) -> None:
    """A worker that was down for days, or an old copy of Redis whose stop is gone."""
    world, _, _ = await confirmed(store)
    world.time.pass_s(timedelta(days=3).total_seconds())
    _, ports = acting_on(TimelineStore(redis, prefix, CHAIN), world)
    await advance.advance(ports, ID)
    ended = (await store.load(ID)).runs[-1].ended
    assert ended and "confirmed too long ago" in ended.detail
    assert world.agents.effects == []


async def test_row_08_an_incident_that_another_clusters_alert_was_put_into_stays_where_it_is(
    store: TimelineStore, intruder: Intruder
) -> None:
    world, ports, incident = await confirmed(store)
    await ports.timelines.append(incident, opened().model_copy(update={"cluster": "prod"}))
    await advance.advance(ports, ID)
    assert (await store.load(ID)).cluster == "demo"
    assert [name for name, _ in world.agents.effects] == ["node2", "node3"]
