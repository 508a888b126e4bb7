"""A storm on a real Redis: many workers, notifications in any order, a third of them ends come too early."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.store.incident_history import IncidentHistoryStore
from bot.store.timelines import TimelineStore
from handlers.alerting import intake
from handlers.domain.alerts import Alert
from handlers.domain.events.lifecycle import Closed
from handlers.domain.notification import Delivery
from handlers.errors import Moved
from handlers.ports import Ports
from tests.bot.conftest import CHAIN
from tests.builders import alert
from tests.handlers.world import Clock, World

pytestmark = pytest.mark.process

ALERTS, GROUP, WORKERS = 300, 4, 8
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def told(random_: random.Random) -> list[Alert]:
    """Firings of all alerts; of half of them also the end, and of half of those that they fire again."""
    said = []
    for number in range(ALERTS):
        start = BEGAN + timedelta(seconds=random_.randrange(1000))
        firing = alert(f"Alert{number % 100}", number=str(number)).model_copy(update={"starts_at": start})
        said += [firing] * random_.choice((1, 2, 4))
        if number % 2:
            end = start + timedelta(seconds=1 + random_.randrange(60))
            said.append(firing.model_copy(update={"status": "resolved", "ends_at": end}))
            if number % 4 == 1:
                again = end + timedelta(seconds=1 + random_.randrange(60))
                said.append(firing.model_copy(update={"starts_at": again}))
    return said


def ports_of(redis: Redis, prefix: str) -> Ports:
    """One worker's."""
    store, past = TimelineStore(redis, prefix, CHAIN), IncidentHistoryStore(redis, prefix)
    return replace(World(time=Clock(datetime.now(UTC))).ports, timelines=store, past=past)


async def _close_what_is_over(ports: Ports) -> None:
    for incident_id in await ports.timelines.open_incidents():
        incident = await ports.timelines.load(incident_id)
        if incident.opened_at and not incident.firing and not incident.closed:
            try:
                await ports.timelines.append(incident, Closed(at=ports.time.now(), detail="over"))
            except Moved:
                continue
            await ports.timelines.release(incident.identity, incident.id)


@pytest.mark.parametrize("seed", range(3))
async def test_no_alert_is_left_in_the_wrong_state_or_in_two_open_incidents(
    redis: Redis, prefix: str, seed: int
) -> None:
    random_ = random.Random(seed)
    said = told(random_)
    random_.shuffle(said)
    deliveries = [said[at : at + GROUP] for at in range(0, len(said), GROUP)]

    async def work() -> None:
        ports = ports_of(redis, prefix)
        while deliveries:
            await intake.receive(ports, Delivery(tuple(deliveries.pop())), None)
            if len(deliveries) % 3 == 0:
                await _close_what_is_over(ports)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    timelines = ports_of(redis, prefix).timelines
    incidents = [await timelines.load(each) for each in await timelines.open_incidents()]
    firing = [each.fingerprint for incident in incidents if not incident.closed for each in incident.firing]
    starts: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    for each in said:
        starts[each.fingerprint] = max(starts.get(each.fingerprint, each.starts_at), each.starts_at)
        if each.status == "resolved":
            ends[each.fingerprint] = max(ends.get(each.fingerprint, each.ends_at), each.ends_at)
    should = [name for name, start in starts.items() if name not in ends or start > ends[name]]
    assert sorted(firing) == sorted(should), f"wrong: {sorted(set(firing) ^ set(should))}"
