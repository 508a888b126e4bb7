"""What an incident's next step follows from is found again, and is never waited or failed for."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.store.client import connect
from bot.store.keys import Keys
from bot.store.timelines import TimelineStore
from bot.store.trace_contexts import TraceContexts, TracedIncident


@pytest.fixture
def contexts(redis: Redis, prefix: str) -> TraceContexts:
    return TraceContexts(redis, prefix)


async def test_of_two_workers_that_open_an_incident_the_first_is_followed_and_a_run_goes_before_both(
    contexts: TraceContexts,
):
    assert await contexts.of("inc-1") == ""
    await contexts.remember("inc-1", "first", keep_first=True)
    await contexts.remember("inc-1", "second", keep_first=True)
    assert await contexts.of("inc-1") == "first"
    await contexts.remember("inc-1", "the run", keep_first=False)
    assert await contexts.of("inc-1") == "the run"


async def test_a_button_leads_to_its_incident(contexts: TraceContexts, store: TimelineStore):
    await store.remember_handle("h4ndl3", "inc-1")
    assert await contexts.behind("h4ndl3") == TracedIncident("inc-1", "")
    await contexts.remember("inc-1", "context", keep_first=True)
    assert await contexts.behind("h4ndl3") == TracedIncident("inc-1", "context")
    assert await contexts.behind("another") == TracedIncident()


async def test_a_value_of_another_type_is_none(contexts: TraceContexts, redis: Redis, prefix: str):
    await redis.lpush(Keys(prefix).trace("inc-1"), "odd")
    assert await contexts.of("inc-1") == ""


async def test_a_redis_that_is_away_costs_nothing_but_the_context():
    gone = TraceContexts(connect("redis://127.0.0.1:1/0"), "{test}")
    await gone.remember("inc-1", "context", keep_first=True)
    assert await gone.of("inc-1") == ""
    assert await gone.behind("h4ndl3") == TracedIncident()
