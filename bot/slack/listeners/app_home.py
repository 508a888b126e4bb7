"""Publish the App Home anew each time somebody opens it."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.listeners.payloads import Body
from bot.slack.views import app_home
from handlers import load_incidents
from handlers.commands import election
from handlers.errors import BotError
from handlers.ports import Ports
from runbooks import raft
from runbooks.model import Leadership
from runbooks.posture.model import Posture

log = structlog.get_logger()
MAX_CLUSTERS = 30
MAX_INCIDENTS = 200
"""How many open incidents are looked through for one page, the oldest first; all are counted."""


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect the App Home."""

    @app.event("app_home_opened")
    async def opened(event: Body, client: AsyncWebClient) -> None:
        if event.get("tab", "home") == "home":
            await _publish(ports, str(event["user"]), client)


async def _publish(ports: Ports, user: str, client: AsyncWebClient) -> None:
    try:
        view = app_home.view(await gather(ports, user))
        await client.views_publish(user_id=user, view=view)
    except (BotError, SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("home_not_shown", error=str(error))


async def gather(ports: Ports, user: str) -> app_home.Home:
    """Read now what one person's page shows.

    Args:
        ports: What is touched.
        user: The Slack id of whoever looks.
    """
    names = ports.reader.clusters[:MAX_CLUSTERS]
    open_ids, closed_ids, leads = await asyncio.gather(
        ports.timelines.open_incidents(),
        ports.past.released_within(election.HISTORY.total_seconds()),
        asyncio.gather(*(_leadership(ports, name) for name in names)),
    )
    incidents, left = await load_incidents.load(ports, open_ids[:MAX_INCIDENTS])
    recent, _ = await load_incidents.load(ports, reversed(closed_ids[-app_home.MAX_LISTED :]))
    return app_home.Home(
        viewer=user,
        open=tuple(incidents),
        open_beside=len(open_ids[MAX_INCIDENTS:]),
        recent=tuple(each for each in recent if each.closed),
        clusters=dict(zip(names, leads, strict=True)),
        at=ports.time.now(),
        left_alone=tuple(map(str, left)),
        troubles=await ports.troubles.now() if ports.troubles else (),
        unshown=await ports.threads.unshown(),
        postures=await _postures(ports, names),
    )


async def _postures(ports: Ports, clusters: tuple[str, ...]) -> tuple[Posture, ...]:
    """Return what the last look showed: a page that somebody opens reads no cluster in full."""
    if ports.postures is None:
        return ()
    standings = await asyncio.gather(*(ports.postures.standing(name) for name in clusters))
    return tuple(each.posture for each in standings if each.posture)


async def _leadership(ports: Ports, cluster: str) -> Leadership | None:
    seen = await ports.reader.sample_metrics(cluster)
    return raft.leadership(seen) if any(seen.values()) else None
