"""Real Alertmanagers deliver to a bot: what they repeat, truncate or retry is one incident, complete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.config import AlertmanagerSettings, Settings
from bot.store.timelines import TimelineStore
from handlers.domain.events.lifecycle import AlertsReceived
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.real_alerting import Program, alertmanagers, needs_the_real_programs
from tests.bot.web.serving import serve
from tests.bot.worker.working import keys, shown, working
from tests.waiting import until

NO_LEADER = {"alertname": "NoLeader", "cluster": "demo"}

pytestmark = [pytest.mark.process, needs_the_real_programs]


class Door:
    """Stands before the bot: counts what comes, and answers 503 while it is shut or no bot is behind it."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.came = 0
        self.inside = 0
        self.shut = False

    @asynccontextmanager
    async def before(self, app: ASGIApp) -> AsyncIterator[None]:
        """Let requests through to this bot, and let the last one finish: a bot that is gone answers none."""
        self.app = app
        try:
            yield
        finally:
            self.app = None
            await until(self.is_empty, poll_s=0.01)

    async def is_empty(self) -> bool:
        """Whether no request is being answered."""
        return not self.inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came += 1
        if self.shut or self.app is None:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        self.inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside -= 1


def token(settings: Settings) -> str:
    return settings.web.webhook_token.read().get_secret_value()


async def test_two_peers_that_do_not_hear_each_other_make_one_incident(
    tmp_path: Path,
    settings: Settings,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    parts: AsyncExitStack,
    becomes: Becomes,
) -> None:
    door = Door()
    url = await parts.enter_async_context(serve(door))
    apart: list[Program] = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        webhook = f"{url}/alertmanager"
        apart += await parts.enter_async_context(alertmanagers(folder, webhook, token(settings), count=1))
    async with working(settings) as bot, door.before(bot.web):
        await apart[0].fire(NO_LEADER)
        await apart[1].fire(NO_LEADER, since_s=7)

        async def both_came() -> bool:
            return door.came >= 2

        await becomes(both_came)
        await becomes(lambda: shown(slack, "verified"))
        await apart[0].resolve(NO_LEADER)
        await becomes(lambda: shown(slack, "closed"))
        before = door.came
        await apart[1].resolve(NO_LEADER)

        async def the_late_one_came() -> bool:
            return door.came > before

        await becomes(the_late_one_came)
    assert await store.open_incidents() == ()
    assert [keys(slack).count(key) for key in ("headline", "findings", "verified", "closed")] == [1, 1, 1, 1]


async def test_while_the_bot_answers_503_nothing_is_lost(
    tmp_path: Path, settings: Settings, store: TimelineStore, parts: AsyncExitStack, becomes: Becomes
) -> None:
    door = Door()
    door.shut = True
    url = await parts.enter_async_context(serve(door))
    pair = await parts.enter_async_context(alertmanagers(tmp_path, f"{url}/alertmanager", token(settings)))
    async with working(settings) as bot, door.before(bot.web):
        for name in ("NoLeader", "ElectionStorm"):
            for peer in pair:
                await peer.fire({**NO_LEADER, "alertname": name})

        async def refused_several_times() -> bool:
            return door.came >= 4

        await becomes(refused_several_times)
        assert await store.open_incidents() == ()
        door.shut = False

        async def both_are_known() -> bool:
            ids = await store.open_incidents()
            return bool(ids) and len((await store.load(ids[0])).firing) == 2

        await becomes(both_are_known)
        (incident_id,) = await store.open_incidents()
    received = [event for event in await store.timeline(incident_id) if isinstance(event, AlertsReceived)]
    told = [alert.name for event in received for alert in event.alerts]
    assert sorted(told) == ["ElectionStorm", "NoLeader"]


async def test_what_a_notification_truncated_is_fetched_from_the_api(
    tmp_path: Path, settings: Settings, store: TimelineStore, parts: AsyncExitStack, becomes: Becomes
) -> None:
    door = Door()
    url = await parts.enter_async_context(serve(door))
    (manager,) = await parts.enter_async_context(
        alertmanagers(tmp_path, f"{url}/alertmanager", token(settings), count=1, max_alerts=1)
    )
    asks = settings.model_copy(update={"alertmanager": AlertmanagerSettings(urls=(manager.url,))})
    async with working(asks) as bot, door.before(bot.web):
        for number in range(1, 4):
            await manager.fire({"alertname": "NodeDown", "cluster": "demo", "node": f"node{number}"})

        async def all_three() -> bool:
            ids = await store.open_incidents()
            return bool(ids) and len((await store.load(ids[0])).firing) == 3

        await becomes(all_three)
        (incident_id,) = await store.open_incidents()
    events = [event for event in await store.timeline(incident_id) if isinstance(event, AlertsReceived)]
    assert max(event.truncated for event in events) >= 1
    assert sorted(alert.labels["node"] for event in events for alert in event.alerts) == [
        "node1",
        "node2",
        "node3",
    ], "each is told once"
