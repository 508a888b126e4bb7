"""A cluster is taken out of the configuration while an incident of it is open: said once, and no error."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from bot import main as wiring
from bot.config import Settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from bot.timing import Timing
from handlers.domain.steps import next_step
from lab.cluster.cluster import Lab
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.web.serving import serve
from tests.bot.worker.working import working

pytestmark = pytest.mark.process

WEBHOOKS = Path(__file__).parents[2] / "data" / "webhooks"
IMPATIENT = Timing(lease_s=1.0, after_failure_s=0.1)


async def test_it_is_said_in_the_thread_and_the_alerts_resolved_closes_it(
    settings: Settings,
    slack: SlackWorkspaceServer,
    lab: Lab,
    becomes: Becomes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(next_step, "CLUSTER_GONE_AFTER_S", 0.5)
    monkeypatch.setattr(next_step, "LEFT_TO_OTHERS_S", 0.1)
    monkeypatch.setattr(next_step, "DEFAULT_STABLE_S", 3600.0)
    (only,) = settings.clusters
    without = settings.model_copy(update={"clusters": (only.model_copy(update={"name": "another"}),)})
    redis = connect(settings.redis.url)
    store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))

    async def shown(words: str) -> bool:
        return any(words in repr(message) for message in slack.workspace.messages)

    async def over() -> bool:
        return await store.open_incidents() == ()

    with capture_logs() as logs:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, "noleader_firing")
            await becomes(store.open_incidents)
            (incident_id,) = await store.open_incidents()
            await becomes(lambda: shown("demo: NoLeader"))
        async with working(without, IMPATIENT) as bot:
            await bot.scheduler.mark_open_incidents()
            await becomes(lambda: shown("demo is in the bot's configuration no more"))
            await post(settings, bot, "noleader_firing")
            assert await store.open_incidents() == (incident_id,)
            await post(settings, bot, "noleader_resolved")
            await becomes(over)
            await becomes(lambda: shown("Closed after"))
    await redis.aclose()
    assert not [each for each in logs if each["event"] == "step_failed"]
    assert len({m.thread_ts or m.ts for m in slack.workspace.messages}) == 1, "one thread"


async def post(settings: Settings, bot: wiring.Bot, name: str) -> None:
    token = settings.web.webhook_token.read().get_secret_value()
    body = (WEBHOOKS / f"{name}.json").read_bytes()
    async with serve(bot.web) as url, httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await http.post(f"{url}/alertmanager/demo", content=body, headers=headers)).is_success
