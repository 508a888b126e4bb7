"""A real Alertmanager pair, a real Prometheus and no webhook that works: nothing is lost, or told twice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from bot import main as wiring
from bot.config import AlertmanagerSettings, PrometheusSettings, Settings
from bot.store.incident_history import IncidentHistoryStore
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from bot.store.timelines import TimelineStore
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.real_alerting import alertmanagers, needs_the_real_programs, prometheus
from tests.bot.worker.working import keys, shown, working
from tests.lab.alerting.stubs import Exporter, serving

NO_LEADER = {"alertname": "NoLeader", "cluster": "demo"}
RULES = {"groups": [{"name": "test", "rules": [{"alert": "NoLeader", "expr": "leader == 0"}]}]}

pytestmark = [pytest.mark.process, needs_the_real_programs]


def texts(slack: SlackWorkspaceServer) -> str:
    return "\n".join(str(message.text) for message in slack.workspace.messages)


async def test_an_alert_without_a_notification_opens_and_one_without_a_resolved_closes(
    tmp_path: Path,
    settings: Settings,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    parts: AsyncExitStack,
    becomes: Becomes,
) -> None:
    pair = await parts.enter_async_context(alertmanagers(tmp_path))
    asks = AlertmanagerSettings(urls=tuple(peer.url for peer in pair), resolved_grace_s=0)
    async with working(settings.model_copy(update={"alertmanager": asks})) as bot:
        await pair[1].fire(NO_LEADER, since_s=120)

        async def looked_until_open() -> int:
            await bot.scheduler.mark_reconcile()
            return len(await store.open_incidents())

        assert await becomes(looked_until_open) == 1
        (incident_id,) = await store.open_incidents()
        await becomes(lambda: shown(slack, "verified"))

        await pair[1].resolve(NO_LEADER)

        async def looked_until_closed() -> bool:
            await bot.scheduler.mark_reconcile()
            return (await store.load(incident_id)).closed is not None

        await becomes(looked_until_closed)
        await becomes(lambda: shown(slack, "closed"))
    assert keys(slack).count("headline") == keys(slack).count("closed") == 1
    assert "no notification of it has arrived: the bot found it by asking" in texts(slack)
    assert 'No "resolved" came for NoLeader, but Alertmanager has not held it since' in texts(slack)


async def test_an_alert_that_came_and_went_while_the_bot_was_down_is_in_a_timeline_once(
    tmp_path: Path,
    settings: Settings,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    redis: Redis,
    parts: AsyncExitStack,
    becomes: Becomes,
) -> None:
    exporter = Exporter(text="leader 1\n")
    target = await parts.enter_async_context(serving("GET", "/metrics", exporter.handle))
    (manager,) = await parts.enter_async_context(alertmanagers(tmp_path, count=1))
    address = target.removeprefix("http://").removesuffix("/metrics")
    real = await parts.enter_async_context(prometheus(tmp_path, RULES, address, manager.url))
    asks = {
        "alertmanager": AlertmanagerSettings(urls=(manager.url,)),
        "prometheus": PrometheusSettings(url=real.url),
    }
    settings = settings.model_copy(update=asks)
    looks = ReconcileCheckpointStore(redis, settings.redis.prefix)

    async def a_look(bot: wiring.Bot) -> None:
        before = await looks.last()
        await bot.scheduler.mark_reconcile()

        async def another() -> bool:
            return await looks.last() != before

        await becomes(another)

    async with working(settings) as bot:
        await a_look(bot)

    exporter.text = "leader 0\n"
    await becomes(lambda: real_alert(real.url, "firing"))
    exporter.text = "leader 1\n"
    await becomes(lambda: real_alert(real.url, ""))

    for _ in range(2):
        async with working(settings) as bot:
            await a_look(bot)
            await becomes(lambda: shown(slack, "closed"))
    assert keys(slack) == ["headline", "note-1", "closed"]
    assert "NoLeader fired from " in texts(slack)
    assert await store.open_incidents() == ()
    assert len(await IncidentHistoryStore(redis, settings.redis.prefix).released_within(3600)) == 1


async def test_the_timer_marks_a_look_as_soon_as_it_holds_the_lease(
    settings: Settings, redis: Redis, becomes: Becomes
) -> None:
    async with wiring.build(settings) as bot:
        timer = asyncio.create_task(bot.scheduler.run())
        try:
            await becomes(lambda: redis.zscore(f"{settings.redis.prefix}:due:chores", "look-at-alerting"))
        finally:
            timer.cancel()
            await asyncio.wait([timer])


async def real_alert(url: str, state: str) -> bool:
    """Whether Prometheus has the alert in this state; `""` is none at all."""
    async with httpx.AsyncClient(trust_env=False) as http:
        alerts = (await http.get(f"{url}/api/v1/alerts")).json()["data"]["alerts"]
    return (alerts[0]["state"] if alerts else "") == state
