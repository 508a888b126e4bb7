"""A host whose clock is wrong reads on: the bot goes by Redis' time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from bot import main as wiring
from bot.config import Settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.redis_time import RedisTime
from bot.store.timelines import TimelineStore
from bot.timing import Timing
from handlers.domain.incident import Incident
from handlers.domain.steps import next_step
from lab.cluster.cluster import Lab
from tests.bot.conftest import Becomes
from tests.bot.web.serving import serve
from tests.bot.worker.working import working

pytestmark = pytest.mark.process

FIRING = (Path(__file__).parents[2] / "data" / "webhooks" / "noleader_firing.json").read_bytes()
IMPATIENT = Timing(lease_s=1.0, after_failure_s=0.1)


@pytest.mark.parametrize("hours", [-1, 1], ids=["an hour back", "an hour ahead"])
async def test_an_open_incident_is_read_on(
    settings: Settings, lab: Lab, becomes: Becomes, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(next_step, "READ_AGAIN_AFTER_S", 0.5)
    monkeypatch.setattr(next_step, "DEFAULT_STABLE_S", 3600.0)
    redis = connect(settings.redis.url)
    store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))

    async def read_after(moment: datetime | None) -> Incident | None:
        for incident_id in await store.open_incidents():
            incident = await store.load(incident_id)
            if incident.diagnosis and incident.evidence_at and (not moment or incident.evidence_at > moment):
                return incident
        return None

    for node in lab.nodes[1:]:
        lab.freeze(node.name)  # so that nobody leads by what can be read
    try:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot)
            first: Incident = await becomes(lambda: read_after(None))
        wrong = partial(RedisTime, host=lambda: datetime.now(UTC) + timedelta(hours=hours))
        monkeypatch.setattr(wiring, "RedisTime", wrong)
        async with working(settings, IMPATIENT) as bot:
            await bot.scheduler.mark_open_incidents()
            again: Incident = await becomes(lambda: read_after(first.evidence_at))
    finally:
        for node in lab.nodes[1:]:
            lab.thaw(node.name)
        await redis.aclose()
    assert again.evidence_at and first.evidence_at
    assert again.evidence_at - first.evidence_at < timedelta(minutes=5), "by one clock"


async def post(settings: Settings, bot: wiring.Bot) -> None:
    token = settings.web.webhook_token.read().get_secret_value()
    async with serve(bot.web) as url, httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await http.post(f"{url}/alertmanager/demo", content=FIRING, headers=headers)).is_success
